"""What location-ms keeps is what its code takes it for."""

from typing import Any

import pytest

from modules.puabo_nexus.location import tables
from nexus_actors.tables import Listing
from nexus_actors.testing import Desk
from nexus_actors.testing.schema import table_faults

pytestmark = pytest.mark.anyio

TABLES = [table for table in vars(tables).values() if isinstance(table, Listing)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_a_table_is_what_it_is_taken_for(desk: Desk, table: Listing[Any]) -> None:
    assert await table_faults(table, desk.db) == []
