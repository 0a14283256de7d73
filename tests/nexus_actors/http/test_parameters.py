"""Parameters of paths and queries, over HTTP and by themselves."""

import enum
import math
from datetime import date, datetime, timedelta, timezone
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from bus import Instant
from nexus_actors.http.parameters import ParameterDecoder, UnfitParameter, read_scalar
from nexus_actors.http.problem import HttpProblem
from tests.nexus_actors.http.crates import CRATE
from tests.nexus_actors.http.depot import READER, Depot


class Numbers(Struct, frozen=True):
    count: int = 0
    load: float = 0.0
    label: str = ""


class Grade(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Choices(Struct, frozen=True):
    grade: Grade = Grade.LOW
    step: Literal[1, 2] = 1
    colours: frozenset[Literal["red", "blue"]] = frozenset()
    days: tuple[date, ...] = ()


class Span(Struct, frozen=True):
    earliest: Instant | None = msgspec.field(default=None, name="from")
    before: Instant | None = msgspec.field(default=None, name="to")


CHOICES = ParameterDecoder(Choices, "query")
SPANS = ParameterDecoder(Span, "query")
INSTANTS = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)).flatmap(  # noqa: DTZ001 - gets its zone
    lambda naive: st.integers(-14 * 60, 14 * 60).map(lambda minutes: naive.replace(tzinfo=timezone(timedelta(minutes=minutes))))
)
NUMBERS = ParameterDecoder(Numbers, "query")


async def listed(depot: Depot, query: str) -> Any:
    answer = await depot.send("GET", f"/v1/crates{query}", headers=READER)
    assert answer.status == 200, answer
    return msgspec.json.decode(answer.json["items"][0]["text"])


@pytest.mark.anyio
async def test_parameters_become_values(depot: Depot) -> None:
    assert (await listed(depot, ""))["limit"] == 50
    seen = await listed(depot, "?limit=200&state=open&state=closed&min_weight_g=5&max_load=1.5e3&fragile=true&text=%C3%A4+b%26")
    assert seen == {
        "limit": 200,
        "state": ["open", "closed"],
        "min_weight_g": 5,
        "max_load": 1500.0,
        "fragile": True,
        "text": "ä b&",
    }
    assert (await listed(depot, "?text=null"))["text"] == "null"
    assert (await listed(depot, "?text=5"))["text"] == "5"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("?limit=0", ["query.limit"]),
        ("?limit=201", ["query.limit"]),
        ("?limit=", ["query.limit"]),
        ("?limit=ten", ["query.limit"]),
        ("?limit=10.0", ["query.limit"]),
        ("?limit=1_0", ["query.limit"]),
        ("?limit=%2010", ["query.limit"]),
        ("?limit=true", ["query.limit"]),
        ("?limit=1&limit=2", ["query.limit"]),
        ("?min_weight_g=null", ["query.min_weight_g"]),
        ("?max_load=NaN", ["query.max_load"]),
        ("?max_load=nan", ["query.max_load"]),
        ("?max_load=inf", ["query.max_load"]),
        ("?max_load=1e999", ["query.max_load"]),
        ("?fragile=yes", ["query.fragile"]),
        ("?fragile=1", ["query.fragile"]),
        ("?state=open&state=lost", ["query.state[1]"]),
        ("?text=a%00b", ["query.text"]),
        ("?colour=red&size=5", ["query.colour", "query.size"]),
    ],
)
async def test_wrong_parameters_name_themselves(depot: Depot, query: str, fields: list[str]) -> None:
    problem = (await depot.send("GET", f"/v1/crates{query}", headers=READER)).problem(422, "invalid")
    assert [error["field"] for error in problem["errors"]] == fields


@pytest.mark.anyio
async def test_a_query_that_cannot_be_read_is_malformed(depot: Depot) -> None:
    (await depot.send("GET", "/v1/crates?text=%ff", headers=READER)).problem(400, "malformed")
    (await depot.send("GET", "/v1/crates?" + "a&" * 300, headers=READER)).problem(400, "malformed")


@pytest.mark.anyio
async def test_a_route_without_parameters_takes_none(depot: Depot) -> None:
    problem = (await depot.send("GET", f"/v1/crates/{CRATE}?verbose=1", headers=READER)).problem(422, "invalid")
    assert [error["field"] for error in problem["errors"]] == ["query.verbose"]
    assert (await depot.send("GET", f"/v1/crates/{CRATE}?", headers=READER)).status == 200


@pytest.mark.anyio
async def test_parameters_of_devices_stay_text(depot: Depot) -> None:
    answer = await depot.send("GET", "/v1/device?id=7&lat=45.1&x=")
    assert answer.json == {"text": "id=7,lat=45.1,x="}
    (await depot.send("GET", "/v1/device?id=7&id=8")).problem(422, "invalid")
    (await depot.send("GET", "/v1/device?id=%00")).problem(422, "invalid")


@pytest.mark.anyio
async def test_paths_are_typed(depot: Depot) -> None:
    problem = (await depot.send("GET", "/v1/crates/seven", headers=READER)).problem(422, "invalid")
    assert [error["field"] for error in problem["errors"]] == ["path.crate_id"]
    problem = (await depot.send("GET", "/v1/label/a%00")).problem(422, "invalid")
    assert [error["field"] for error in problem["errors"]] == ["path.name"]


@pytest.mark.anyio
async def test_an_encoded_slash_belongs_to_the_parameter(depot: Depot) -> None:
    assert (await depot.send("GET", "/v1/label/a%2Fb%20c%25")).json["text"].startswith("a/b c% ")
    (await depot.send("GET", "/v1/label/a/b")).problem(404, "no_such_route")
    (await depot.send("GET", "/v1/label/")).problem(404, "no_such_route")


@given(st.integers(-(2**53), 2**53))
def test_whole_numbers_are_read_back(number: int) -> None:
    assert NUMBERS.decode([("count", str(number))]).count == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_fractions_are_read_back(number: float) -> None:
    assert NUMBERS.decode([("load", repr(number))]).load == number


@given(st.text(max_size=20))
def test_no_text_becomes_a_number_that_is_none(text: str) -> None:
    value = read_scalar(text)
    assert isinstance(value, str | bool | int) or math.isfinite(float(str(value)))
    try:
        decoded = NUMBERS.decode([("load", text), ("label", text)])
    except HttpProblem as refused:
        assert {error.field for error in refused.errors} <= {"query.load", "query.label"}  # noqa: PT017
    else:
        assert math.isfinite(decoded.load)
        assert decoded.label == text


class Stretch(Struct, frozen=True, kw_only=True):
    since: Annotated[datetime, msgspec.Meta(tz=True)] | None = msgspec.field(default=None, name="from")
    instants: list[datetime] = []
    number: int = 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("from", "0001-01-01T00:00:00+14:00"),
        ("from", "9999-12-31T23:59:59-14:00"),
        ("instants", "9999-12-31T23:59:59-14:00"),
        ("number", str(2**63)),
    ],
)
def test_what_no_database_holds_is_refused(name: str, text: str) -> None:
    with pytest.raises(HttpProblem) as refused:
        ParameterDecoder(Stretch, "query").decode([(name, text)])
    assert [error.field for error in refused.value.errors] == [f"query.{name}"]


def test_the_ends_of_time_are_instants() -> None:
    for text in ("0001-01-01T00:00:00Z", "0001-01-01T14:00:00+14:00", "9999-12-31T23:59:59Z"):
        assert ParameterDecoder(Stretch, "query").decode([("from", text)]).since == datetime.fromisoformat(text)


def test_an_id_is_read_as_one() -> None:
    kind = msgspec.defstruct("Path", [("crate_id", UUID)])
    assert ParameterDecoder(kind, "path").decode([("crate_id", str(CRATE))]).crate_id == CRATE


def test_choices_are_read_as_what_they_are() -> None:
    pairs = [("grade", "2"), ("step", "2"), ("colours", "red"), ("colours", "blue"), ("days", "2026-03-01")]
    assert CHOICES.decode(pairs) == Choices(Grade.HIGH, 2, frozenset({"red", "blue"}), (date(2026, 3, 1),))


@pytest.mark.parametrize(
    ("name", "text"), [("grade", "HIGH"), ("grade", "3"), ("step", "3"), ("colours", "Red"), ("days", "1")]
)
def test_what_is_no_choice_is_refused(name: str, text: str) -> None:
    with pytest.raises(HttpProblem, match="invalid"):
        CHOICES.decode([(name, text)])


def test_a_choice_of_text_and_numbers_is_refused_when_declared() -> None:
    kind = msgspec.defstruct("Mixed", [("odd", Literal[1, "two"])])
    with pytest.raises(UnfitParameter, match="text and numbers together"):
        ParameterDecoder(kind, "query")


@given(INSTANTS, INSTANTS)
def test_a_range_of_time_does_not_run_backwards(one: datetime, other: datetime) -> None:
    first, last = sorted((one, other))
    span = SPANS.decode([("from", first.isoformat()), ("to", last.isoformat())])
    assert (span.earliest, span.before) == (first, last)
    if first < last:
        with pytest.raises(HttpProblem) as refused:
            SPANS.decode([("from", last.isoformat()), ("to", first.isoformat())])
        assert (refused.value.status, refused.value.code) == (422, "invalid_range")
        assert [error.field for error in refused.value.errors] == ["query.from"]


def test_a_range_of_time_may_be_open() -> None:
    assert SPANS.decode([("to", "2026-03-01T00:00:00Z")]).earliest is None
    assert SPANS.decode([("from", "2026-03-01T00:00:00Z")]).before is None
