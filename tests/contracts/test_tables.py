"""Every table of every service is what the service's code takes it for."""

from collections.abc import Awaitable, Callable, Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, Final

import pytest

from nexus_actors import Service
from nexus_actors.platform.loading import load_catalogue, load_service
from nexus_actors.tables import Listing
from nexus_actors.testing import open_desk
from nexus_actors.testing.schema import table_faults

pytestmark = pytest.mark.anyio

READ_ONLY: Final = {("auth-ms", "accounts"), ("auth-ms", "service_accounts")}
"""Tables only read these. Their actors are of the platform, not of a tenant: an id is one account, whoever's it is."""
THERE: Final = ("another primary key than", "no row can be added")


def tables_of(package: str) -> Iterator[Listing[Any]]:
    """The tables that any module of a package declares."""
    modules = [import_module(found.name) for found in walk_packages(import_module(package).__path__, f"{package}.")]
    found = {id(value): value for module in modules for value in vars(module).values() if isinstance(value, Listing)}
    yield from found.values()


TABLES = [(load_service(entry), table) for entry in load_catalogue().built() for table in tables_of(str(entry.package))]


def test_there_are_tables_to_look_at() -> None:
    assert TABLES


@pytest.mark.parametrize(("service", "table"), TABLES, ids=[f"{service.name}-{table.name}" for service, table in TABLES])
async def test_a_table_is_what_it_is_taken_for(
    service: Service, table: Listing[Any], schema_url: Callable[[Service], Awaitable[str]]
) -> None:
    async with open_desk(service, await schema_url(service)) as desk:
        faults = await table_faults(table, desk.db)
    if (service.name, table.name) in READ_ONLY:
        assert any(THERE[0] in fault for fault in faults)
        faults = [fault for fault in faults if not any(words in fault for words in THERE)]
    assert faults == []
