"""Operators tell the tenants apart that use the same key."""

from typing import Any

import pytest

from bus import Refusal
from nexus_actors.testing import HttpProbe, TestPlatform
from tests.modules.puabo_os.lathe import Cut, PartCut

pytestmark = pytest.mark.anyio

LETTERS, GROUPS, STATES = "/v1/dead-letters", "/v1/dead-letter-groups", "/v1/states"
LATHE_A = {"service": "lathe-ms", "key": "a"}


def operator(platform: TestPlatform) -> HttpProbe:
    return platform.http("puabo-os", "os:read", "os:operate", subject="olga")


async def whose(platform: TestPlatform, query: str) -> list[tuple[str, str]]:
    """Tenants and keys of the letters that a query finds."""
    items: list[dict[str, Any]] = (await operator(platform).get(LETTERS + query)).json()["items"]
    return [(letter["tenant"], letter["key"]) for letter in items]


@pytest.fixture
async def two(shop: TestPlatform) -> TestPlatform:
    """Lathe `a` of acme has three letters, that of zeta one."""
    with pytest.raises(Refusal, match="message_parked"):
        await shop.ask(Cut(lathe="a", part="cam"), tenant="zeta")
    return shop


async def test_letters_are_told_apart_filtered_and_counted_by_tenant(two: TestPlatform) -> None:
    assert await whose(two, "?key=a") == [("acme", "a")] * 3 + [("zeta", "a")]
    assert await whose(two, "?tenant=zeta") == [("zeta", "a")]
    assert await whose(two, "?tenant=") == []
    groups = (await operator(two).get(f"{GROUPS}?by=tenant")).json()["items"]
    assert [(group["tenant"], group["letters"], group["keys"]) for group in groups] == [("acme", 2, 2), ("zeta", 1, 1)]
    (whole,) = (await operator(two).get(GROUPS)).json()["items"]
    assert (whole["letters"], whole["keys"]) == (3, 3)


async def test_a_key_goes_on_for_one_tenant_alone(two: TestPlatform, broken: set[str]) -> None:
    broken.clear()
    wrong = await operator(two).post(f"{LETTERS}:redrive", LATHE_A | {"tenant": "omega"})
    assert (wrong.status, wrong.code) == (404, "no_dead_letters")
    answer = await operator(two).post(f"{LETTERS}:redrive", LATHE_A | {"tenant": "zeta"})
    assert answer.json() == {"redriven": 1, "dropped": 0}
    await two.until(lambda: len(two.events(PartCut)) == 1)
    assert await whose(two, "?key=a") == [("acme", "a")] * 3


async def test_a_key_goes_on_for_every_tenant_where_none_is_named(two: TestPlatform, broken: set[str]) -> None:
    broken.clear()
    answer = await operator(two).post(f"{LETTERS}:redrive", LATHE_A)
    assert answer.json() == {"redriven": 4, "dropped": 0}
    await two.until(lambda: len(two.events(PartCut)) == 4)


async def test_letters_are_dropped_by_their_tenant(two: TestPlatform) -> None:
    answer = await operator(two).post(f"{GROUPS}:drop", {"service": "lathe-ms", "tenant": "zeta"})
    assert answer.json() == {"keys": 1, "redriven": 0, "dropped": 1, "left": 0}
    assert await whose(two, "?key=a") == [("acme", "a")] * 3


async def test_states_are_those_of_one_tenant(two: TestPlatform) -> None:
    for tenant, part in (("main", "axle"), ("omega", "cog")):
        await two.ask(Cut(lathe="a", part=part), tenant=tenant)
    place = "?service=lathe-ms&actor=Lathe&key=a"
    shown = [(await operator(two).get(f"{STATES}{place}{tenant}")).json() for tenant in ("", "&tenant=omega")]
    assert [state["state"]["parts"] for state in shown] == [["axle"], ["cog"]]
    missing = await operator(two).get(f"{STATES}{place}&tenant=sigma")
    assert (missing.status, missing.code) == (404, "no_state")

    body = LATHE_A | {"actor": "Lathe", "tenant": "omega"}
    assert (await operator(two).post(f"{STATES}:replace", body | {"state": {"parts": ["gear"]}})).json()["tenant"] == "omega"
    await two.ask(Cut(lathe="a", part="pin"), tenant="omega")
    shown = [(await operator(two).get(f"{STATES}{place}{tenant}")).json() for tenant in ("", "&tenant=omega")]
    assert [state["state"]["parts"] for state in shown] == [["axle"], ["gear", "pin"]]
    assert (await operator(two).post(f"{STATES}:drop", body)).status == 200
    assert (await operator(two).get(f"{STATES}{place}")).status == 200
