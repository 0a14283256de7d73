"""Pages and their cursors."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from nexus_actors.http.page import Page, PageQuery, decode_cursor, encode_cursor, page_from
from nexus_actors.http.problem import HttpProblem
from tests.nexus_actors.http.depot import READER, Depot


class Place(Struct, frozen=True):
    at: datetime
    thing_id: UUID


@pytest.mark.parametrize(("count", "shown", "after"), [(0, 0, None), (2, 2, None), (3, 2, encode_cursor("2"))])
def test_a_list_that_was_read_one_item_too_far_goes_on(count: int, shown: int, after: str | None) -> None:
    items = list(range(1, count + 1))
    assert page_from(items, 2, str) == Page(items=items[:shown], next=after)


@pytest.mark.anyio
async def test_the_next_page_starts_where_the_last_one_ended(depot: Depot) -> None:
    first = (await depot.send("GET", "/v1/crates", headers=READER)).json
    assert first.keys() == {"items", "next"}
    second = (await depot.send("GET", f"/v1/crates?cursor={first['next']}", headers=READER)).json
    assert second["next"] is None


@pytest.mark.anyio
@pytest.mark.parametrize("cursor", ["x", "AAAA", "%C3%A4", "////", encode_cursor((1, 2)), encode_cursor({"a": 1}), "a" * 1024])
async def test_a_cursor_that_is_not_ours_is_refused(depot: Depot, cursor: str) -> None:
    problem = (await depot.send("GET", f"/v1/crates?cursor={cursor}", headers=READER)).problem(422, "invalid_cursor")
    assert problem["errors"][0]["field"] == "query.cursor"


@pytest.mark.anyio
async def test_a_cursor_too_long_is_invalid(depot: Depot) -> None:
    (await depot.send("GET", f"/v1/crates?cursor={'a' * 1025}", headers=READER)).problem(422, "invalid")


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_carries_values_round(at: datetime, thing_id: UUID) -> None:
    assert decode_cursor(encode_cursor(Place(at, thing_id)), Place) == Place(at, thing_id)
    assert decode_cursor(encode_cursor((at, thing_id)), tuple[datetime, UUID]) == (at, thing_id)


@given(st.integers(), st.integers(0), st.sampled_from("ABCxyz019-_"))
def test_a_changed_cursor_is_refused(value: int, position: int, letter: str) -> None:
    cursor = encode_cursor((value % 2**53, "a"))
    position %= len(cursor)
    changed = cursor[:position] + letter + cursor[position + 1 :]
    if changed == cursor:
        assert decode_cursor(changed, tuple[int, str]) == (value % 2**53, "a")
        return
    with pytest.raises(HttpProblem, match="invalid_cursor"):
        decode_cursor(changed, tuple[int, str])


@pytest.mark.parametrize(
    ("forged", "kind"),
    [
        (("0001-01-01T00:00:00+14:00", UUID(int=1)), tuple[datetime, UUID]),
        (("9999-12-31T23:59:59-14:00", UUID(int=1)), tuple[datetime, UUID]),
        ({"at": "9999-12-31T23:59:59-14:00", "thing_id": UUID(int=1)}, Place),
        (2**63, int),
        ("a\0b", str),
        (["a\0b"], list[str]),
    ],
)
def test_a_made_up_cursor_with_what_no_database_holds_is_refused(forged: object, kind: type[object]) -> None:
    with pytest.raises(HttpProblem, match="invalid_cursor"):
        decode_cursor(encode_cursor(forged), kind)


@given(st.text(max_size=40))
def test_no_text_makes_the_decoder_stumble(text: str) -> None:
    with pytest.raises(HttpProblem, match="invalid_cursor"):
        decode_cursor(text, tuple[int, str])


def test_the_last_page_says_so() -> None:
    assert msgspec.json.encode(Page(items=[1])) == b'{"items":[1],"next":null}'
    assert PageQuery().limit == 50
