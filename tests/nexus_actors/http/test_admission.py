"""Who comes in: tokens, scopes, rate limits by caller and address."""

import pytest

from nexus_actors.http.client_address import parse_networks
from nexus_actors.http.face import FaceSettings
from nexus_actors.http.limits import RateLimit
from nexus_actors.http.tokens import Unauthorised, bearer_token, challenge
from nexus_actors.principal import Principal
from tests.nexus_actors.http.crates import CRATE
from tests.nexus_actors.http.depot import READER, WRITER, Depot, raw_exchange, serving

pytestmark = pytest.mark.anyio


async def test_without_a_token_nothing_is_shown(depot: Depot) -> None:
    answer = await depot.send("GET", "/v1/crates")
    answer.problem(401, "token_missing")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="depot-ms"'


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Bearer expired", "token_expired"),
        ("Bearer forged", "token_bad_signature"),
        ("Bearer " + "x" * 8193, "token_malformed"),
        ("Bearer", "token_malformed"),
        ("Bearer ", "token_malformed"),
        ("Basic d3JpdGVyOg==", "token_malformed"),
        ("writer", "token_malformed"),
        ("", "token_malformed"),
    ],
)
async def test_a_token_that_names_nobody_is_refused(depot: Depot, header: str, code: str) -> None:
    answer = await depot.send("GET", "/v1/crates", headers={"Authorization": header})
    answer.problem(401, code)
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="depot-ms", error="invalid_token", error_description="')


async def test_two_tokens_are_refused(depot: Depot) -> None:
    tokens = "Authorization: Bearer reader\r\nAuthorization: Bearer writer\r\n"
    head = f"GET /v1/crates HTTP/1.1\r\nHost: x\r\n{tokens}Connection: close\r\n\r\n"
    answer = await raw_exchange(depot.port, head.encode())
    assert answer.startswith(b"HTTP/1.1 401")
    assert b"token_malformed" in answer


async def test_the_scheme_is_in_any_case(depot: Depot) -> None:
    assert (await depot.send("GET", "/v1/crates", headers={"Authorization": "bEARER reader"})).status == 200


async def test_without_the_scope_nothing_happens(depot: Depot) -> None:
    answer = await depot.send("POST", "/v1/crates", body={"label": "a"}, headers=READER)
    assert "depot:write" in answer.problem(403, "missing_scope")["detail"]
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert 'scope="depot:write"' in answer.headers["WWW-Authenticate"]
    assert depot.inbox.calls == []


async def test_who_is_refused_learns_nothing_about_the_body(depot: Depot) -> None:
    (await depot.send("POST", "/v1/crates", body=b"{", headers=READER)).problem(403, "missing_scope")
    (await depot.send("POST", "/v1/crates", body=b"{")).problem(401, "token_missing")
    (await depot.send("GET", "/v1/crates/seven?x=1")).problem(401, "token_missing")


async def test_a_public_route_knows_nobody_even_with_a_token(depot: Depot) -> None:
    assert (await depot.send("GET", "/v1/label/a", headers=WRITER)).json["text"].endswith("None")
    (await depot.send("GET", "/v1/tenant", headers=WRITER)).problem(500, "internal")


async def test_a_limit_by_address_refuses_and_says_for_how_long(depot: Depot) -> None:
    statuses = [(await depot.send("GET", "/v1/rare")).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    depot.clock.advance(0.5)
    answer = await depot.send("GET", "/v1/rare")
    answer.problem(429, "rate_limited")
    assert answer.headers["Retry-After"] == "1"
    depot.clock.advance(0.5)
    assert (await depot.send("GET", "/v1/rare")).status == 200


async def test_a_limit_by_caller_counts_each_caller(depot: Depot) -> None:
    path = "/v1/rare-by-caller"
    assert [(await depot.send("GET", path, headers=who)).status for who in (READER, READER, WRITER)] == [200, 429, 200]
    (await depot.send("GET", path)).problem(401, "token_missing")
    assert (await depot.send("GET", path, headers=READER)).headers["Retry-After"] == "60"


async def test_other_routes_take_the_default_limit() -> None:
    settings = FaceSettings(default_limit=RateLimit(requests=1, per_s=10, group="all"))
    async with serving(settings) as depot:
        assert (await depot.send("GET", "/v1/crates", headers=READER)).status == 200
        (await depot.send("GET", f"/v1/crates/{CRATE}", headers=READER)).problem(429, "rate_limited")
        assert (await depot.send("GET", "/v1/label/a")).status == 200
        (await depot.send("GET", "/v1/label/a")).problem(429, "rate_limited")
        assert (await depot.send("GET", "/health")).status == 200


async def test_the_address_behind_a_trusted_proxy_counts() -> None:
    forwarded = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9"}
    async with serving(FaceSettings(trusted_proxies=parse_networks(["127.0.0.0/8"]))) as depot:
        assert "203.0.113.9" in (await depot.send("GET", "/v1/label/a", headers=forwarded)).json["text"]
    async with serving() as depot:
        assert "127.0.0.1" in (await depot.send("GET", "/v1/label/a", headers=forwarded)).json["text"]


def test_a_token_is_read_once() -> None:
    assert bearer_token(["Bearer  abc "]) == "abc"
    with pytest.raises(Unauthorised, match="several"):
        bearer_token(["Bearer a", "Bearer a"])


def test_a_challenge_cannot_be_broken_out_of() -> None:
    assert (
        challenge("a", "invalid_token", 'x", y="\r\n\\') == 'Bearer realm="a", error="invalid_token", error_description="x, y="'
    )


@pytest.mark.parametrize(
    ("scopes", "scope", "allowed"),
    [
        ({"fleet:write"}, "fleet:write", True),
        ({"fleet:*"}, "fleet:write", True),
        ({"fleet:*"}, "fleet:vehicles:write", True),
        ({"fleet:vehicles:*"}, "fleet:vehicles:write", True),
        ({"fleet:vehicles:*"}, "fleet:write", False),
        ({"fleet:read"}, "fleet:write", False),
        ({"fleet"}, "fleet:write", False),
        ({"*"}, "fleet:write", True),
        ({"fle*"}, "fleet:write", False),
        ({"fleet:*"}, "fleetwide:write", False),
        (set(), "fleet:write", False),
    ],
)
def test_scopes_cover_themselves_and_their_families(scopes: set[str], scope: str, allowed: bool) -> None:
    assert Principal(subject="a", tenant="t", scopes=frozenset(scopes)).may(scope) is allowed
