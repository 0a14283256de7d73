"""States over HTTP: shown, replaced, dropped."""

from typing import Any
from urllib.parse import urlencode

import pytest

from bus import new_id
from nexus_actors.testing import HttpProbe, TestPlatform
from tests.modules.puabo_os.lathe import Cut, Lathe, PartCut

pytestmark = pytest.mark.anyio

STATES = "/v1/states"
REPLACE = "/v1/states:replace"
DROP = "/v1/states:drop"


@pytest.fixture
def place() -> dict[str, Any]:
    """A lathe that has cut nothing yet."""
    return {"service": "lathe-ms", "actor": "Lathe", "key": f"c-{new_id()}"}


def operator(platform: TestPlatform, **caller: Any) -> HttpProbe:
    return platform.http("puabo-os", "os:read", "os:operate", subject="olga", **caller)


def query(place: dict[str, Any]) -> str:
    return f"{STATES}?{urlencode(place)}"


async def cut(platform: TestPlatform, lathe: str) -> list[str]:
    """The parts of a lathe, after one more."""
    await platform.ask(Cut(lathe=lathe, part="pin"))
    rows = await platform.worker.hosts["lathe-ms"].store.states([(Lathe.__name__, "main", lathe)])
    await platform.settle()
    assert platform.events(PartCut)
    return rows[Lathe.__name__, "main", lathe].decode().count('"pin"') * ["pin"]


async def test_a_state_is_shown_replaced_and_dropped(shop: TestPlatform, place: dict[str, Any]) -> None:
    assert await cut(shop, place["key"]) == ["pin"]
    shown = (await operator(shop).get(query(place))).json()
    assert (shown["state"]["parts"], shown["problem"]) == (["pin"], "")
    answer = await operator(shop).post(REPLACE, {**place, "state": shown["state"] | {"parts": ["pin", "pin"]}})
    assert answer.status == 200, answer.body
    assert "dead-letters:redrive" in answer.json()["next"]
    assert await cut(shop, place["key"]) == ["pin"] * 3
    assert (await operator(shop).post(DROP, place)).status == 200
    assert (await operator(shop).get(query(place))).json()["code"] == "no_state"
    assert await cut(shop, place["key"]) == ["pin"]


async def test_a_state_that_the_service_could_not_read_is_refused_with_reasons(
    shop: TestPlatform, place: dict[str, Any]
) -> None:
    answer = await operator(shop).post(REPLACE, {**place, "state": {"parts": "pin"}})
    assert (answer.status, answer.json()["code"]) == (422, "state_invalid")
    assert answer.json()["errors"][0]["field"] == "$.parts"


@pytest.mark.parametrize(
    ("other", "code"), [({"service": "none-ms"}, "no_service"), ({"actor": "Mill"}, "no_actor"), ({}, "no_state")]
)
async def test_what_is_not_there_is_said(shop: TestPlatform, place: dict[str, Any], other: dict[str, str], code: str) -> None:
    answer = await operator(shop).post(DROP, {**place, **other})
    assert (answer.status, answer.json()["code"]) == (404, code)


async def test_states_are_a_matter_of_the_platform_and_of_a_scope(shop: TestPlatform, place: dict[str, Any]) -> None:
    assert (await operator(shop, tenant="acme").get(query(place))).json()["code"] == "platform_only"
    reader = shop.http("puabo-os", "os:read")
    assert (await reader.post(DROP, place)).status == 403
