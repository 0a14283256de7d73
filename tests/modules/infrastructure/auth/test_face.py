"""What holds for every route of auth-ms alike."""

import re
from statistics import median
from time import perf_counter
from uuid import uuid4

import pytest

from modules.infrastructure.auth.service import service
from nexus_actors.http.route import Route
from tests.modules.infrastructure.auth.town import Town

pytestmark = pytest.mark.anyio

ROUTES = [route for group in service.routes for route in group.all]
CLOSED = [route for route in ROUTES if route.options.scope is not None]
JSON_BODIES = [route for route in ROUTES if route.is_json_body]
PUBLIC = {
    "POST /v1/signup",
    "POST /v1/login",
    "POST /auth/login",
    "POST /v1/password",
    "POST /v1/token/refresh",
    "GET /auth/validate",
    "POST /oauth2/token",
    "POST /oauth2/introspect",
    "POST /oauth2/revoke",
    "GET /oauth2/jwks.json",
    "GET /.well-known/oauth-authorization-server",
}


def path_of(route: Route) -> str:
    return re.sub(r"\{[a-z_]+\}", str(uuid4()), route.path.replace("{tenant}", "main"))


def test_only_these_routes_are_public() -> None:
    assert {route.label for route in ROUTES if route.options.scope is None} == PUBLIC


def test_whatever_takes_a_secret_is_rate_limited_by_address() -> None:
    for route in ROUTES:
        if route.label in PUBLIC and route.method == "POST":
            assert route.options.rate_limit is not None
            assert route.options.rate_limit.by == "address"


async def test_closed_routes_answer_401_without_a_good_token(town: Town) -> None:
    tokens = await town.newcomer("ana@example.org")
    forged = tokens["access_token"][:-4] + "AAAA"
    for route in CLOSED:
        for probe in (town.anybody, town.bearer("x"), town.bearer(forged), town.bearer(tokens["refresh_token"])):
            answer = await probe.send(route.method, path_of(route))
            assert answer.status == 401, route.label
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert answer.headers["Content-Type"] == "application/problem+json"


async def test_closed_routes_answer_403_without_the_scope(town: Town) -> None:
    tokens = await town.newcomer("ana@example.org")
    member = town.bearer(tokens["access_token"])
    for route in CLOSED:
        if route.options.scope != "account:self":
            assert (await member.send(route.method, path_of(route))).code == "missing_scope", route.label


async def test_bodies_are_read_strictly(town: Town) -> None:
    admin = await town.admin()

    async def sent(route: Route, body: bytes, content_type: str = "application/json") -> tuple[int, str | None]:
        town.clock.advance(1)
        answer = await admin.send(route.method, path_of(route), body=body, headers={"Content-Type": content_type})
        return answer.status, answer.code

    for route in JSON_BODIES:
        assert await sent(route, b"{") == (400, "malformed"), route.label
        assert await sent(route, b"\xff\xfe") == (400, "malformed"), route.label
        assert await sent(route, b'{"a":' * 100 + b"1" + b"}" * 100) == (400, "malformed"), route.label
        assert await sent(route, b"[]") == (422, "invalid"), route.label
        assert await sent(route, b'{"surplus": 1}') == (422, "invalid"), route.label
        assert (await sent(route, b"{}", "text/plain"))[0] == 415, route.label
        assert (await sent(route, b'{"a":"' + b"x" * 1_100_000 + b'"}'))[0] == 413, route.label


async def test_an_expired_token_is_refused(town: Town) -> None:
    tokens = await town.newcomer("ana@example.org")
    town.clock.advance(600 + 61)
    assert (await town.bearer(tokens["access_token"]).get("/v1/me")).code == "token_expired"


async def test_a_login_attempt_takes_as_long_for_unknown_addresses(town: Town) -> None:
    await town.newcomer("ana@example.org")
    spans: dict[str, list[float]] = {"ana@example.org": [], "nobody@example.org": []}
    for _ in range(12):
        for email, measured in spans.items():
            town.clock.advance(3_600)
            started = perf_counter()
            assert (await town.log_in(email, "wrong-password-entirely")).status == 401
            measured.append(perf_counter() - started)
    known_s, unknown_s = map(median, spans.values())
    assert 0.6 < unknown_s / known_s < 1.6


async def test_revocations_arrive_within_a_second(town: Town) -> None:
    tokens = [await town.newcomer(f"user{number}@example.org") for number in range(5)]
    for given in tokens:
        started = perf_counter()
        probe = town.bearer(given["access_token"])
        assert (await probe.post("/v1/logout")).status == 204
        while (await probe.get("/v1/me")).status == 200:
            assert perf_counter() - started < 1
        assert perf_counter() - started < 1
