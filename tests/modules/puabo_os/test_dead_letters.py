"""Dead letters over HTTP: found, shown, tried again, dropped."""

from typing import Any
from uuid import UUID

import anyio
import pytest

from bus import Refusal
from modules.puabo_os.contract import ClearanceOrdered
from nexus_actors.operations.dead_letters import DeadLetters, Release
from nexus_actors.runtime.own_commands import Released
from nexus_actors.testing import HttpProbe, TestPlatform
from tests.modules.puabo_os.lathe import LATHES, NOBODY, SECRET, Cut, PartCut

pytestmark = pytest.mark.anyio

LETTERS = "/v1/dead-letters"
REDRIVE = "/v1/dead-letters:redrive"
DROP = "/v1/dead-letters:drop"
GROUPS = "/v1/dead-letter-groups"


def operator(platform: TestPlatform) -> HttpProbe:
    return platform.http("puabo-os", "os:read", "os:operate", subject="olga")


async def letters(platform: TestPlatform, query: str = "") -> list[dict[str, Any]]:
    answer = await operator(platform).get(LETTERS + query)
    assert answer.status == 200, answer.body
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def cut(platform: TestPlatform) -> list[tuple[str, str]]:
    return [(event.lathe, event.part) for event in platform.events(PartCut)]


async def test_they_are_listed_in_the_order_of_parking(shop: TestPlatform) -> None:
    found = await letters(shop)
    assert [(letter["key"], letter["behind"], letter["attempts"]) for letter in found] == [
        ("a", False, 2),
        ("a", True, 0),
        ("a", True, 0),
        ("b", False, 2),
    ]
    assert {(letter["service"], letter["type"], letter["released"]) for letter in found} == {
        ("lathe-ms", Cut.wire_type(), False)
    }
    assert found[0]["cause"] == "ValueError: part cam breaks the tool; password=***"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?service=lathe-ms", 4),
        ("?service=fleet-service", 0),
        ("?key=b", 1),
        ("?key=", 0),
        (f"?service=lathe-ms&key=a&type={Cut.wire_type()}", 3),
        ("?type=nexus.lathe-ms.cut.v2", 0),
        ("?cause=ValueError", 2),
        ("?cause=breaks%20the%20tool", 2),
        ("?cause=KeyError", 0),
        ("?cause=Traceback", 0),
        ("?from=2020-01-01T00:00:00Z&to=2021-01-01T00:00:00Z", 0),
        ("?from=2020-01-01T00:00:00Z", 4),
    ],
)
async def test_they_are_filtered(shop: TestPlatform, query: str, count: int) -> None:
    assert len(await letters(shop, query)) == count


async def test_they_come_in_pages(shop: TestPlatform) -> None:
    client, seen, query = operator(shop), [], "?service=lathe-ms&limit=3"
    while query:
        page = (await client.get(LETTERS + query)).json()
        seen.append([letter["message_id"] for letter in page["items"]])
        query = f"?service=lathe-ms&limit=3&cursor={page['next']}" if page["next"] else ""
    assert [len(page) for page in seen] == [3, 1]
    assert [message_id for page in seen for message_id in page] == [letter["message_id"] for letter in await letters(shop)]


async def test_one_is_shown_decoded_and_without_secrets(shop: TestPlatform) -> None:
    first, second = (await letters(shop))[:2]
    answer = await operator(shop).get(f"{LETTERS}/{first['message_id']}?service=lathe-ms")
    shown = answer.json()
    assert shown["letter"] == first
    assert shown["error"].startswith("Traceback (most recent call last)")
    envelope = shown["envelope"]
    assert (envelope["id"], envelope["tenant"], envelope["principal"]) == (first["message_id"], "acme", "tester")
    assert envelope["data"] == {"lathe": "a", "part": "cam", "password": "***"}
    assert SECRET.encode() not in answer.body
    waiting = (await operator(shop).get(f"{LETTERS}/{second['message_id']}?service=lathe-ms")).json()
    assert (waiting["error"], waiting["envelope"]["data"]["part"]) == ("", "rod")


async def test_a_mended_key_is_redriven_in_order(shop: TestPlatform, broken: set[str]) -> None:
    broken.clear()
    answer = await operator(shop).post(REDRIVE, {"service": "lathe-ms", "key": "a"})
    assert (answer.status, answer.json()) == (200, {"redriven": 3, "dropped": 0})
    await shop.ask(Cut(lathe="a", part="last"))
    await shop.settle()
    assert cut(shop) == [("a", "cam"), ("a", "rod"), ("a", "pin"), ("a", "last")]
    assert [letter["key"] for letter in await letters(shop)] == ["b"]


async def test_what_still_fails_is_parked_again(shop: TestPlatform) -> None:
    answer = await operator(shop).post(REDRIVE, {"service": "lathe-ms", "key": "a"})
    assert answer.json() == {"redriven": 3, "dropped": 0}
    with anyio.fail_after(10):
        while any(letter["released"] for letter in await letters(shop, "?key=a")):  # noqa: ASYNC110 - nothing tells
            await anyio.sleep(0.02)
    again = await letters(shop, "?key=a")
    assert [(letter["behind"], letter["attempts"]) for letter in again] == [(False, 2), (True, 0), (True, 0)]
    assert cut(shop) == []


async def test_dropping_the_poison_lets_the_others_go_on(shop: TestPlatform) -> None:
    poison = (await letters(shop))[0]["message_id"]
    answer = await operator(shop).post(DROP, {"service": "lathe-ms", "message_ids": [poison, poison]})
    assert (answer.status, answer.json()) == (200, {"redriven": 2, "dropped": 1})
    await shop.until(lambda: len(cut(shop)) == 2)
    assert cut(shop) == [("a", "rod"), ("a", "pin")]
    assert [letter["key"] for letter in await letters(shop)] == ["b"]


async def test_letters_of_several_keys_are_dropped_in_one_request(shop: TestPlatform) -> None:
    body = {"service": "lathe-ms", "message_ids": [letter["message_id"] for letter in await letters(shop)]}
    answer = await operator(shop).post(DROP, body)
    assert answer.json() == {"redriven": 0, "dropped": 4}
    assert await letters(shop) == []


async def test_it_is_told_who_ordered_what(shop: TestPlatform) -> None:
    poison = (await letters(shop))[0]
    await operator(shop).post(DROP, {"service": "lathe-ms", "message_ids": [poison["message_id"]]})
    await shop.until(lambda: bool(shop.events(ClearanceOrdered)))
    (ordered,) = shop.events(ClearanceOrdered)
    assert [(key.key, key.partition, key.drop) for key in ordered.keys] == [
        ("a", LATHES.partition_of("a"), (UUID(poison["message_id"]),))
    ]
    told = next(followed for followed in shop.seen if followed.envelope.type == ClearanceOrdered.wire_type())
    assert told.envelope.principal == "olga"


@pytest.mark.parametrize("verb", [REDRIVE, DROP])
async def test_a_repeat_under_the_same_key_gets_the_first_answer(shop: TestPlatform, broken: set[str], verb: str) -> None:
    broken.clear()
    client, headers = operator(shop), {"Idempotency-Key": f"monday-{verb[-4:]}"}
    body: dict[str, Any] = {"service": "lathe-ms", "key": "a"}
    if verb == DROP:
        body = {"service": "lathe-ms", "message_ids": [letter["message_id"] for letter in (await letters(shop))[::3]]}
    first = await client.post(verb, body, headers=headers)
    await shop.settle()
    again = await client.post(verb, body, headers=headers)
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    await shop.settle()
    assert len(shop.events(ClearanceOrdered)) == 1
    other = await client.post(verb, body | {"service": "fleet-service"}, headers=headers)
    assert (other.status, other.code) == (422, "idempotency_mismatch")


async def test_a_repeat_goes_on_where_the_first_request_broke_off(
    shop: TestPlatform, broken: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken.clear()
    calls: list[str] = []
    release = DeadLetters.release

    async def once(self: DeadLetters, wanted: Release, **options: Any) -> Released:
        calls.append(wanted.key)
        if len(calls) == 2:
            raise Refusal.unavailable("owner_silent", "Nobody answers.")
        return await release(self, wanted, **options)

    monkeypatch.setattr(DeadLetters, "release", once)
    first, _, _, last = await letters(shop)
    body = {"service": "lathe-ms", "message_ids": [first["message_id"], last["message_id"]]}
    headers = {"Idempotency-Key": "tuesday"}
    answer = await operator(shop).post(DROP, body, headers=headers)
    assert (answer.status, answer.code) == (503, "owner_silent")
    await shop.until(lambda: len(cut(shop)) == 2)
    with anyio.fail_after(10):
        while [letter["key"] for letter in await letters(shop)] != ["b"]:  # noqa: ASYNC110 - nothing tells
            await anyio.sleep(0.02)
    again = await operator(shop).post(DROP, body, headers=headers)
    assert (again.status, again.json()) == (200, {"redriven": 2, "dropped": 2})
    assert (calls, await letters(shop)) == (["a", "b", "a", "b"], [])
    assert cut(shop) == [("a", "rod"), ("a", "pin")]


async def test_without_a_key_a_repeat_finds_nothing_left(shop: TestPlatform, broken: set[str]) -> None:
    broken.clear()
    for status, code in [(200, None), (404, "no_dead_letters")]:
        answer = await operator(shop).post(REDRIVE, {"service": "lathe-ms", "key": "a"})
        assert (answer.status, answer.code) == (status, code)
        await shop.until(lambda: len(cut(shop)) == 3)


async def test_those_that_failed_are_counted_by_what_they_have_in_common(shop: TestPlatform) -> None:
    answer = await operator(shop).get(GROUPS + "?by=cause")
    (group,) = answer.json()["items"]
    assert (group["cause"], group["letters"], group["keys"], group["service"]) == ("ValueError", 2, 2, "")
    whole = (await operator(shop).get(GROUPS + "?service=lathe-ms&cause=cam")).json()["items"]
    assert [(group["letters"], group["keys"]) for group in whole] == [(2, 2)]
    by_key = (await operator(shop).get(GROUPS + "?by=key")).json()["items"]
    assert [(group["key"], group["letters"]) for group in by_key] == [("a", 1), ("b", 1)]
    nothing = (await operator(shop).get(GROUPS + "?cause=KeyError")).json()["items"]
    assert [(group["letters"], group["first_parked_at"]) for group in nothing] == [(0, None)]


async def test_keys_whose_letters_failed_alike_are_redriven_a_page_at_a_time(shop: TestPlatform, broken: set[str]) -> None:
    broken.clear()
    order = {"service": "lathe-ms", "cause": "ValueError", "limit": 1}
    headers = {"Idempotency-Key": "page-1"}
    first = await operator(shop).post(f"{GROUPS}:redrive", order, headers=headers)
    assert (first.status, first.json()) == (200, {"keys": 1, "redriven": 3, "dropped": 0, "left": 1})
    await shop.until(lambda: len(cut(shop)) == 3)
    again = await operator(shop).post(f"{GROUPS}:redrive", order, headers=headers)
    assert again.body == first.body
    second = await operator(shop).post(f"{GROUPS}:redrive", order)
    assert second.json() == {"keys": 1, "redriven": 1, "dropped": 0, "left": 0}
    await shop.until(lambda: len(cut(shop)) == 4)
    nothing = await operator(shop).post(f"{GROUPS}:redrive", order)
    assert (nothing.status, nothing.code) == (404, "no_dead_letters")


async def test_letters_that_failed_alike_are_dropped_and_the_others_of_their_keys_go_on(shop: TestPlatform) -> None:
    answer = await operator(shop).post(f"{GROUPS}:drop", {"service": "lathe-ms", "type": Cut.wire_type()})
    assert (answer.status, answer.json()) == (200, {"keys": 2, "redriven": 2, "dropped": 2, "left": 0})
    await shop.until(lambda: len(cut(shop)) == 2)
    assert cut(shop) == [("a", "rod"), ("a", "pin")]


GOOD = str(NOBODY)
BAD: list[tuple[str, str, object, int, str]] = [
    ("GET", LETTERS + "?limit=0", None, 422, "invalid"),
    ("GET", LETTERS + "?limit=201", None, 422, "invalid"),
    ("GET", LETTERS + "?state=open", None, 422, "invalid"),
    ("GET", LETTERS + "?service=", None, 422, "invalid"),
    ("GET", LETTERS + "?key=a%00", None, 422, "invalid"),
    ("GET", LETTERS + "?cursor=abc", None, 422, "invalid_cursor"),
    ("GET", f"{LETTERS}/{GOOD}?service=lathe-ms", None, 404, "dead_letter_not_found"),
    ("GET", f"{LETTERS}/{GOOD}", None, 422, "invalid"),
    ("GET", f"{LETTERS}/x?service=lathe-ms", None, 422, "invalid"),
    ("POST", REDRIVE, {"service": "lathe-ms", "key": "c"}, 404, "no_dead_letters"),
    ("POST", REDRIVE, {"service": "fleet-service", "key": "a"}, 404, "no_dead_letters"),
    ("POST", REDRIVE, {"service": "lathe-ms"}, 422, "invalid"),
    ("POST", REDRIVE, {"service": "lathe-ms", "key": 1}, 422, "invalid"),
    ("POST", REDRIVE, {"service": "lathe-ms", "key": "a\0"}, 422, "invalid"),
    ("POST", REDRIVE, {"service": "lathe-ms", "key": "a", "all": True}, 422, "invalid"),
    ("POST", DROP, {"service": "lathe-ms", "message_ids": [GOOD]}, 404, "no_dead_letter"),
    ("POST", DROP, {"service": "lathe-ms", "message_ids": []}, 422, "invalid"),
    ("POST", DROP, {"service": "lathe-ms", "message_ids": ["x"]}, 422, "invalid"),
    ("POST", DROP, {"service": "lathe-ms", "message_ids": [GOOD] * 101}, 422, "invalid"),
    ("POST", DROP, {"message_ids": [GOOD]}, 422, "invalid"),
    ("GET", LETTERS + "?cause=", None, 422, "invalid"),
    ("GET", LETTERS + "?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", None, 422, "invalid_range"),
    ("GET", GROUPS + "?by=colour", None, 422, "invalid"),
    ("POST", f"{GROUPS}:redrive", {"cause": "x"}, 422, "invalid"),
    ("POST", f"{GROUPS}:redrive", {"service": "lathe-ms", "cause": "x", "limit": 101}, 422, "invalid"),
    ("POST", f"{GROUPS}:drop", {"service": "lathe-ms", "cause": "KeyError"}, 404, "no_dead_letters"),
    ("POST", DROP, None, 415, "unsupported_media_type"),
]


async def test_what_is_wrong_is_refused_and_changes_nothing(shop: TestPlatform) -> None:
    before = await letters(shop)
    cases = [*BAD, *((verb, path, body, status, code) for path, body, status, code in _of_others(before) for verb in ["POST"])]
    for method, path, body, status, code in cases:
        answer = await operator(shop).send(method, path, body)
        assert (answer.status, answer.code) == (status, code), (path, body, answer.body)
    malformed = await operator(shop).send("POST", DROP, body=b"{", headers={"Content-Type": "application/json"})
    assert (malformed.status, malformed.code) == (400, "malformed")
    await shop.settle()
    assert await letters(shop) == before
    assert shop.events(ClearanceOrdered) == []


def _of_others(found: list[dict[str, Any]]) -> list[tuple[str, object, int, str]]:
    """Letters that are there, asked for in other services or together with some that are not."""
    first, second = found[0]["message_id"], found[3]["message_id"]
    return [
        (DROP, {"service": "fleet-service", "message_ids": [first]}, 404, "no_dead_letter"),
        (DROP, {"service": "lathe-ms", "message_ids": [first, GOOD, second]}, 404, "no_dead_letter"),
    ]


async def test_only_operators_of_the_platform_come_in(shop: TestPlatform) -> None:
    found = (await letters(shop))[0]
    asked: list[tuple[str, str, object]] = [
        ("GET", LETTERS, None),
        ("GET", f"{LETTERS}/{found['message_id']}?service=lathe-ms", None),
        ("POST", REDRIVE, {"service": "lathe-ms", "key": "a"}),
        ("POST", DROP, {"service": "lathe-ms", "message_ids": [found["message_id"]]}),
        ("POST", f"{GROUPS}:redrive", {"service": "lathe-ms"}),
        ("POST", f"{GROUPS}:drop", {"service": "lathe-ms"}),
        ("GET", GROUPS, None),
    ]
    callers: list[tuple[HttpProbe, int, str]] = [
        (shop.bearer("puabo-os", None), 401, "token_missing"),
        (shop.bearer("puabo-os", "forged"), 401, "token_invalid"),
        (shop.http("puabo-os", "fleet:*", "lathe:write"), 403, "missing_scope"),
        (shop.http("puabo-os", "*", tenant="acme"), 403, "platform_only"),
    ]
    for method, path, body in asked:
        for client, status, code in callers:
            answer = await client.send(method, path, body)
            assert (answer.status, answer.code) == (status, code), path
    for _, path, body in asked[2:-1]:
        answer = await shop.http("puabo-os", "os:read").post(path, body)
        assert (answer.status, answer.code) == (403, "missing_scope")
    assert (await letters(shop))[0] == found


async def test_the_routes_are_documented(shop: TestPlatform) -> None:
    client = shop.bearer("puabo-os", None)
    page, document = await client.get("/docs"), (await client.get("/openapi.json")).json()
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    for method, path, scope in [
        ("get", LETTERS, "os:read"),
        ("get", LETTERS + "/{message_id}", "os:read"),
        ("post", REDRIVE, "os:operate"),
        ("post", DROP, "os:operate"),
    ]:
        operation = document["paths"][path][method]
        assert operation["summary"]
        assert operation["description"]
        assert (operation["tags"], operation["security"]) == (["dead letters"], [{"bearer": [scope]}])
    for name in ("DeadLetter", "LetterContent", "Redrive", "Drop", "Released"):
        assert document["components"]["schemas"][name]["description"]
