"""Routes that ask a command: what is the caller's own, and under which scope."""

import pytest
from msgspec import Struct

from bus import Command, Refusal
from nexus_actors.http import RouteError, Routes
from tests.nexus_actors.http.crates import DEPOT, PackCrate
from tests.nexus_actors.http.depot import READER, WRITER, Depot

pytestmark = pytest.mark.anyio


class Shelf(Struct, frozen=True):
    name: str


class NameShelf(Command[Shelf], topic=DEPOT, key="tenant"):
    """Name the one shelf of a tenant."""

    tenant: str
    name: str


shelves = Routes(tag="shelves")
shelves.command("POST", "/v1/shelves", NameShelf, scope="depot:shelve")


async def test_the_tenant_of_a_command_is_the_callers_and_nobody_names_another() -> None:
    depot = Depot(routes=[shelves])
    depot.inbox.fails = Refusal.conflict("shelf_full", "It is full.")
    async with depot.face.serve("127.0.0.1", 0) as depot.port:
        (await depot.send("POST", "/v1/shelves", body={"name": "oak"}, headers=WRITER)).problem(409, "shelf_full")
        named = {"name": "oak", "tenant": "other"}
        (await depot.send("POST", "/v1/shelves", body=named, headers=WRITER)).problem(422, "invalid")
        (await depot.send("POST", "/v1/shelves", body={"name": "oak"}, headers=READER)).problem(403, "missing_scope")
    assert [call["command"] for call in depot.inbox.calls] == [NameShelf(tenant="acme", name="oak")]
    with pytest.raises(RouteError, match="the tenant is the caller's"):
        shelves.command("POST", "/v1/shelves/{tenant}", NameShelf, scope="depot:shelve")


def test_a_command_is_asked_under_one_scope() -> None:
    routes = Routes(tag="shelves")
    with pytest.raises(RouteError, match="NameShelf has no scope"):
        routes.command("POST", "/v1/shelves", NameShelf)
    with pytest.raises(RouteError, match="PackCrate has the scope depot:write already"):
        routes.command("POST", "/v1/crates", PackCrate, scope="depot:read")
