"""What a route may look like, and how a wrong one is told."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta, Struct

from nexus_actors.http import Page, PageQuery, RateLimit, Raw, Request, RouteError, Routes
from nexus_actors.http.route_table import check_routes, location_of, router_path


class Thing(Struct, frozen=True):
    thing_id: UUID


class Draft(Struct, frozen=True, forbid_unknown_fields=True):
    name: str


class Lenient(Struct, frozen=True):
    name: str


class Around(Struct, frozen=True, forbid_unknown_fields=True):
    inner: dict[str, list[Lenient]] | None = None


class Changeable(Struct, forbid_unknown_fields=True):
    name: str


class Naive(Struct, frozen=True, forbid_unknown_fields=True):
    at: datetime


class Aware(Struct, frozen=True, forbid_unknown_fields=True):
    at: Annotated[datetime, Meta(tz=True)]


class Price(Struct, frozen=True, forbid_unknown_fields=True):
    amount: Decimal


class Tree(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    children: list["Tree"] = []


class OddQuery(PageQuery, frozen=True, kw_only=True):
    odd: int | str = 0


class NestedQuery(PageQuery, frozen=True, kw_only=True):
    draft: Draft | None = None


def test_a_route_is_what_its_handler_says() -> None:
    routes = Routes(tag="things")

    @routes.post("/v1/things/{thing_id}:rename", scope="thing:write", rate_limit=RateLimit(requests=1, per_s=1))
    async def rename_thing(request: Request, thing_id: UUID, body: Draft) -> Thing:
        """Rename a thing.

        Its old name is free again.
        """
        return Thing(thing_id)

    (route,) = routes.all
    assert (route.method, route.path, route.tag, route.name) == (
        "POST",
        "/v1/things/{thing_id}:rename",
        "things",
        "rename_thing",
    )
    assert (route.summary, route.description) == ("Rename a thing.", "Its old name is free again.")
    assert (route.status, route.body_type, route.result_type, route.takes_request) == (200, Draft, Thing, True)
    assert route.handler is rename_thing
    with pytest.raises(AttributeError):
        route.path = "/"  # type: ignore[misc]  # routes are immutable


def test_success_without_a_result_is_204_and_a_title_comes_from_the_name() -> None:
    routes = Routes(tag="things")

    @routes.delete("/v1/things/{thing_id}", scope="thing:write")
    async def drop_thing(thing_id: UUID) -> None: ...

    assert (routes.all[0].status, routes.all[0].summary) == (204, "Drop thing.")


def test_types_that_refer_to_themselves_are_walked_once() -> None:
    routes = Routes(tag="things")

    @routes.post("/v1/trees", scope=None)
    async def plant(body: Tree) -> None: ...

    @routes.post("/v1/instants", scope=None)
    async def note(body: Aware) -> None: ...

    assert [route.body_type for route in routes.all] == [Tree, Aware]


async def no_type(request: Request, thing_id) -> Thing: ...  # type: ignore[no-untyped-def,empty-body]  # noqa: ANN001
async def no_return(request: Request, thing_id: UUID): ...  # type: ignore[no-untyped-def]  # noqa: ANN201
async def wrong_request(request: str, thing_id: UUID) -> None: ...
async def stranger(thing_id: UUID, db: str) -> None: ...
async def nobody() -> None: ...
async def many(*thing_id: UUID) -> None: ...
async def by_default(thing_id: str = "") -> None: ...
async def odd_path(thing_id: Draft) -> None: ...
async def list_path(thing_id: list[str]) -> None: ...
def not_async(thing_id: UUID) -> None: ...
async def plain(thing_id: UUID) -> dict[str, int]: ...  # type: ignore[empty-body]
async def maybe(thing_id: UUID) -> Thing | None: ...


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (no_type, "a type is missing at thing_id"),
        (no_return, "a type is missing at the return"),
        (wrong_request, "request must be a Request"),
        (stranger, "db is neither request, body, query nor in the path"),
        (nobody, "no parameter thing_id"),
        (many, "thing_id is not one that can be given by name"),
        (by_default, "cannot have a default"),
        (odd_path, "thing_id has a type that cannot be read from text"),
        (list_path, "cannot be a list"),
        (not_async, "must be an `async def`"),
        (plain, "A route returns a Struct"),
        (maybe, "A route returns a Struct"),
    ],
)
def test_a_wrong_signature_is_refused(handler: Any, message: str) -> None:
    with pytest.raises(RouteError, match=message) as refused:
        Routes(tag="things").get("/v1/things/{thing_id}", scope="thing:read")(handler)
    assert handler.__name__ in str(refused.value)
    assert "GET /v1/things/{thing_id}" in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (dict[str, int], "must be a frozen Struct"),
        (Changeable, "must be a frozen Struct"),
        (Lenient, "Lenient must be declared with forbid_unknown_fields"),
        (Around, "Lenient must be declared with forbid_unknown_fields"),
        (Naive, "needs a time zone"),
        (Price, "Decimal"),
    ],
)
def test_a_body_that_cannot_be_read_strictly_is_refused(kind: Any, message: str) -> None:
    async def take(body: Any) -> None: ...

    take.__annotations__["body"] = kind
    with pytest.raises(RouteError, match=message):
        Routes(tag="things").post("/v1/things", scope=None)(take)


@pytest.mark.parametrize(("kind", "message"), [(OddQuery, "one of several types"), (NestedQuery, "Struct"), (int, "Struct")])
def test_a_query_that_text_cannot_become_is_refused(kind: Any, message: str) -> None:
    async def read(query: Any) -> None: ...

    read.__annotations__["query"] = kind
    with pytest.raises(RouteError, match=message):
        Routes(tag="things").get("/v1/things", scope=None)(read)


@pytest.mark.parametrize(
    "path",
    [
        "v1/things",
        "/v1//things",
        "/v1/things/",
        "/v1/{Thing}",
        "/v1/{a}{",
        "/v1/things?x",
        "/v1/{a}/{a}",
        "/v1/{body}",
        "/v1/a b",
    ],
)
def test_a_wrong_path_is_refused(path: str) -> None:
    async def read(a: str) -> None: ...

    with pytest.raises(RouteError):
        Routes(tag="things").get(path, scope=None)(read)


@pytest.mark.parametrize("scope", ["", "write", "thing:", "Thing:Write", "thing:*"])
def test_a_wrong_scope_is_refused(scope: str) -> None:
    async def read() -> None: ...

    with pytest.raises(RouteError, match="fleet:write"):
        Routes(tag="things").get("/v1/things", scope=scope)(read)


def test_status_body_and_method_must_fit() -> None:
    routes = Routes(tag="things")

    async def nothing() -> None: ...
    async def something() -> Raw: ...  # type: ignore[empty-body]
    async def with_body(body: Draft) -> None: ...

    with pytest.raises(RouteError, match="204"):
        routes.get("/v1/a", scope=None, status=200)(nothing)
    with pytest.raises(RouteError, match="204"):
        routes.get("/v1/a", scope=None, status=204)(something)
    with pytest.raises(RouteError, match="no success"):
        routes.get("/v1/a", scope=None, status=404)(something)
    with pytest.raises(RouteError, match="GET takes no body"):
        routes.get("/v1/a", scope=None)(with_body)
    with pytest.raises(RouteError, match="accepts"):
        routes.post("/v1/a", scope=None, accepts=("text/csv",))(with_body)
    with pytest.raises(RouteError, match="204"):
        routes.put("/v1/a", scope=None, status=200)(with_body)
    with pytest.raises(RouteError, match="body_limit_bytes"):
        routes.post("/v1/a", scope=None, body_limit_bytes=0)(with_body)
    assert routes.all == ()


def test_two_routes_for_the_same_requests_are_refused() -> None:
    routes = Routes(tag="things")

    async def by_id(thing_id: UUID) -> None: ...
    async def by_name(name: str) -> None: ...
    async def index() -> None: ...

    routes.get("/v1/things/{thing_id}", scope=None)(by_id)
    with pytest.raises(RouteError, match="twice"):
        routes.get("/v1/things/{thing_id}", scope=None)(by_id)
    routes.get("/v1/things/{name}", scope=None)(by_name)
    with pytest.raises(RouteError, match="same requests as by_id"):
        check_routes(routes.all, frozenset())
    routes = Routes(tag="things")
    routes.get("/health", scope=None)(index)
    with pytest.raises(RouteError, match="every service has"):
        check_routes(routes.all, frozenset({"/health"}))


def test_where_a_thing_is_read_follows_from_the_paths() -> None:
    routes = Routes(tag="things")

    async def make() -> Thing: ...  # type: ignore[empty-body]
    async def read(thing_id: UUID) -> Thing: ...  # type: ignore[empty-body]
    async def listed() -> Page[Thing]: ...  # type: ignore[empty-body]

    routes.post("/v1/things", scope=None, status=201)(make)
    routes.post("/v1/things:import", scope=None, status=201)(make)
    routes.get("/v1/things", scope=None)(listed)
    routes.get("/v1/things/{thing_id}", scope=None)(read)
    places = [location_of(route, routes.all) for route in routes.all]
    assert places == ["/v1/things/{thing_id}", None, None, None]
    assert router_path(routes.all[3]) == "/v1/things/{thing_id:[^/:]+}"


def test_raw_json_is_a_body() -> None:
    async def take(body: msgspec.Raw) -> None: ...

    routes = Routes(tag="things")
    routes.post("/v1/things", scope=None)(take)
    assert routes.all[0].is_json_body
