"""What the tracker keeps is what its code takes it for."""

from typing import Any

import pytest

from modules.puabo_nexus.tracker import tables
from nexus_actors.tables import Table
from nexus_actors.testing import Desk
from nexus_actors.testing.schema import table_faults

pytestmark = pytest.mark.anyio

TABLES = [table for table in vars(tables).values() if isinstance(table, Table)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_a_table_is_what_it_is_taken_for(desk: Desk, table: Table[Any]) -> None:
    assert await table_faults(table, desk.db) == []
