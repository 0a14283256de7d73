"""What is written can be read by those who read its type."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct, field

from bus import ContractError, Event, Instant, TooLarge, Topic, Unwritable, new_id
from bus.envelope import seal
from bus.round_trip import LONGEST_MESSAGE, RoundTrip, takes_null_for_number

NOW = datetime(2026, 11, 30, tzinfo=UTC)
PRICES = Topic("price-ms", partitions=2)


@dataclass
class Loose:
    """No struct."""

    rate: float | None


class Leaf(Struct, frozen=True):
    """Refers to itself."""

    weight: float | None = None
    next: "Leaf | None" = None


class Priced(Event, topic=PRICES, key="thing"):
    """Has a field of many kinds."""

    thing: str
    cents: Annotated[int, Meta(ge=0)] = 0
    rate: float = 1.0
    discount: float | None = None
    kind: Literal["a", "b"] = "a"
    at: Instant = NOW
    extra: Any = None
    table: dict[str, float | None] = field(default_factory=dict)
    leaf: Leaf | None = None
    loose: Loose | None = None


SELF: list[object] = []
SELF.append(SELF)

FORBIDDEN: dict[str, dict[str, Any]] = {
    "another type": {"cents": "12"},
    "a bool for a number": {"cents": True},
    "below its least": {"cents": -5},
    "no value of the literal": {"kind": "c"},
    "no time zone": {"at": NOW.replace(tzinfo=None)},
    "NaN": {"rate": math.nan},
    "NaN beside None": {"discount": math.nan},
    "infinity in anything": {"extra": [1, {"deep": (None, math.inf)}]},
    "NaN in a mapping": {"table": {"a": None, "b": -math.inf}},
    "NaN far down": {"leaf": Leaf(next=Leaf(weight=math.nan))},
    "NaN in a dataclass": {"loose": Loose(math.nan)},
    "no JSON": {"extra": object()},
    "half a surrogate pair": {"extra": "\udcff"},
    "itself": {"extra": SELF},
}


@pytest.mark.parametrize("fields", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_a_message_that_nobody_could_read_is_not_sealed(fields: dict[str, Any]) -> None:
    with pytest.raises(Unwritable, match=r"^nexus\.price-ms\.priced\.v1 cannot be written: ") as caught:
        seal(Priced(thing="t", **fields), message_id=new_id(), source="test", now=NOW)
    assert not isinstance(caught.value, TooLarge)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"extra": (1, None), "table": {"a": None}},
        {"extra": {"when": NOW, "who": new_id()}},
        {"leaf": Leaf(next=Leaf(weight=1.5)), "loose": Loose(None)},
        {"rate": 3},
    ],
)
def test_a_message_that_reads_the_same_is_sealed(fields: dict[str, Any]) -> None:
    assert seal(Priced(thing="t", **fields), message_id=new_id(), source="test", now=NOW).subject == "t"


def test_a_message_of_more_than_a_mebibyte_is_refused() -> None:
    room = LONGEST_MESSAGE - len(seal(Priced(thing="t", extra=""), message_id=new_id(), source="test", now=NOW).data)
    seal(Priced(thing="t", extra="x" * room), message_id=new_id(), source="test", now=NOW)
    with pytest.raises(TooLarge, match=r"has 1,048,577 bytes, more than 1,048,576\. Send it in parts"):
        seal(Priced(thing="t", extra="x" * (room + 1)), message_id=new_id(), source="test", now=NOW)


def test_a_key_with_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(ContractError, match="half a surrogate pair"):
        seal(Priced(thing="\udcff"), message_id=new_id(), source="test", now=NOW)


def test_what_its_type_reads_is_written_and_what_it_does_not_is_named() -> None:
    trip = RoundTrip(int, "The answer to Price", longest=10)
    assert trip.read(trip.write(12)) == 12
    with pytest.raises(Unwritable, match="The answer to Price cannot be written: Expected `int`, got `str`"):
        trip.write("twelve")
    with pytest.raises(TooLarge):
        trip.write(10**12)


def test_code_of_a_value_that_breaks_makes_it_unwritable() -> None:
    class Moody(Struct):
        mood: int = 0

        def __post_init__(self) -> None:
            if self.mood > 1:
                raise LookupError("too moody")

    moody = Moody()
    moody.mood = 2
    with pytest.raises(Unwritable, match="too moody"):
        RoundTrip(Moody, "The state of M", longest=100).write(moody)


@pytest.mark.parametrize(
    ("value_type", "takes"),
    [
        (int | None, False),
        (float, False),
        (list[float], False),
        (Annotated[float, Meta(ge=0)] | None, True),
        (dict[str, Any], True),
        (Leaf, True),
        (Priced, True),
        (tuple[int, str | None], False),
    ],
)
def test_types_that_take_nothing_for_a_number_are_known(value_type: Any, takes: bool) -> None:
    assert takes_null_for_number(value_type) is takes
