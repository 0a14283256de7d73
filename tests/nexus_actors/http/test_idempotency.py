"""Idempotency keys: the same request again is the same request."""

import uuid
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus import DeadlineExceeded
from nexus_actors.http.idempotency import idempotency_of
from nexus_actors.principal import Principal
from tests.nexus_actors.http.crates import CRATE
from tests.nexus_actors.http.depot import READER, WRITER, Answer, Depot

ANA = Principal(subject="ana", tenant="acme")


async def pack(depot: Depot, key: str, label: str = "oak", path: str = "/v1/crates") -> Answer:
    return await depot.send("POST", path, body={"label": label}, headers={**WRITER, "Idempotency-Key": key})


@pytest.mark.anyio
async def test_a_repeat_gets_the_first_answer_and_says_so(depot: Depot) -> None:
    first, second = await pack(depot, "k1"), await pack(depot, "k1")
    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert depot.inbox.calls[0]["id"] == depot.inbox.calls[1]["id"]
    assert depot.inbox.calls[0]["command"] == depot.inbox.calls[1]["command"]


@pytest.mark.anyio
async def test_another_body_under_the_same_key_is_refused(depot: Depot) -> None:
    await pack(depot, "k1")
    (await pack(depot, "k1", label="elm")).problem(422, "idempotency_mismatch")


@pytest.mark.anyio
async def test_other_keys_and_no_keys_make_other_things(depot: Depot) -> None:
    answers = [await pack(depot, "k1"), await pack(depot, "k2")]
    answers += [await depot.send("POST", "/v1/crates", body={"label": "oak"}, headers=WRITER) for _ in range(2)]
    ids = [UUID(answer.json["crate_id"]) for answer in answers]
    assert len(set(ids)) == 4
    assert [made.version for made in ids] == [8, 8, 7, 7]
    assert [call["id"] is None for call in depot.inbox.calls] == [False, False, True, True]


@pytest.mark.anyio
@pytest.mark.parametrize("key", ["", "a b", "ä", "k" * 256])
async def test_a_key_that_is_none_is_malformed(depot: Depot, key: str) -> None:
    (await pack(depot, key)).problem(400, "idempotency_key_malformed")
    assert depot.inbox.calls == []


@pytest.mark.anyio
async def test_the_longest_key_is_taken(depot: Depot) -> None:
    assert (await pack(depot, "k" * 255)).status == 201


@pytest.mark.anyio
async def test_a_key_on_a_read_means_nothing(depot: Depot) -> None:
    answer = await depot.send("GET", f"/v1/crates/{CRATE}", headers={**READER, "Idempotency-Key": "k1"})
    assert answer.status == 200


@pytest.mark.anyio
async def test_a_repeat_after_no_answer_asks_under_the_same_id(depot: Depot) -> None:
    depot.inbox.fails = DeadlineExceeded("no answer")
    assert "Idempotency-Key" in (await pack(depot, "k1")).problem(503, "no_answer_yet")["detail"]
    depot.inbox.fails = None
    assert (await pack(depot, "k1")).status == 201
    assert depot.inbox.calls[0]["id"] == depot.inbox.calls[1]["id"]


def test_a_key_belongs_to_its_caller_and_path() -> None:
    others = [
        idempotency_of("k", ANA, "POST", "/v1/a", "", b""),
        idempotency_of("k", Principal(subject="ben", tenant="acme"), "POST", "/v1/a", "", b""),
        idempotency_of("k", Principal(subject="ana", tenant="umbrella"), "POST", "/v1/a", "", b""),
        idempotency_of("k", None, "POST", "/v1/a", "", b""),
        idempotency_of("k", ANA, "PUT", "/v1/a", "", b""),
        idempotency_of("k", ANA, "POST", "/v1/b", "", b""),
        idempotency_of("l", ANA, "POST", "/v1/a", "", b""),
    ]
    assert len({other.root for other in others}) == len(others)


def test_bodies_and_queries_tell_requests_apart_not_keys() -> None:
    one = idempotency_of("k", ANA, "POST", "/v1/a", "x=1", b"")
    two = idempotency_of("k", ANA, "POST", "/v1/a", "", b"x=1")
    assert one.root == two.root
    assert one.fingerprint != two.fingerprint


@given(st.binary(max_size=20), st.integers(1, 100), st.integers(1, 100))
def test_ids_follow_from_the_key_alone(body: bytes, first: int, second: int) -> None:
    one, two = (idempotency_of("k", ANA, "POST", "/v1/a", "", body) for _ in range(2))
    assert one == two
    assert (one.new_id(first) == two.new_id(second)) is (first == second)
    assert one.new_id(first) != one.message_id(first)
    assert one.message_id(first).variant == uuid.RFC_4122
