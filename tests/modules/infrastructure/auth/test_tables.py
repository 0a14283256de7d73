from typing import Any

import pytest

from modules.infrastructure.auth.service import service
from modules.infrastructure.auth.tables import ROLES, SERVICE_ACCOUNTS, USERS
from nexus_actors.tables import Table
from nexus_actors.testing import Desk
from nexus_actors.testing.fixtures import desk_fixture
from nexus_actors.testing.schema import table_faults

pytestmark = pytest.mark.anyio

desk = desk_fixture(service)


@pytest.mark.parametrize(
    ("table", "faults"),
    [
        (ROLES, []),
        # Their actors are of the platform, not of a tenant: an id is one account, whoever's it is.
        (USERS, ["accounts has another primary key than (tenant, user_id)."]),
        (SERVICE_ACCOUNTS, ["service_accounts has another primary key than (tenant, account_id)."]),
    ],
    ids=lambda value: value.name if isinstance(value, Table) else "",
)
async def test_a_table_is_what_it_is_taken_for(desk: Desk, table: Table[Any], faults: list[str]) -> None:
    found = await table_faults(table, desk.db)
    # Tables only read them: what else a row needs is the actors' affair.
    assert [fault for fault in found if "no row can be added" not in fault] == faults
