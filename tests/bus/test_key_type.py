"""What may be a key."""

from datetime import UTC, date, datetime
from enum import Enum, IntEnum, StrEnum
from typing import Annotated, Any, Literal, NewType
from uuid import UUID

import pytest
from msgspec import Meta, Struct
from typing_extensions import TypeAliasType

from bus import Command, ContractError, Event, Topic
from bus.key_type import key_type_problem

T = Topic("shop-ms")


class Colour(Enum):
    RED = "red"


class Size(IntEnum):
    SMALL = 1


class Shade(StrEnum):
    DARK = "dark"


class Place(Struct, frozen=True):
    row: int


PlateId = NewType("PlateId", str)
Plate = Annotated[PlateId, Meta(max_length=8)]
PlateAlias = TypeAliasType("PlateAlias", Plate)
GOOD: list[Any] = [str, int, UUID, PlateId, Plate, Annotated[UUID, "of a shop"], Literal["a", "b"], Literal[1, 2], PlateAlias]
GOOD += [Literal["a"] | Literal["b"], Literal[1, "2"], PlateId | str]
BAD: list[Any] = [
    float,
    bool,
    bytes,
    datetime,
    date,
    list[str],
    tuple[int, int],
    dict[str, int],
    Place,
    Any,
    Colour,
    Size,
    Shade,
]
BAD += [Literal[1, "1"], Literal[1] | Literal["1"], str | int, Literal[True], Literal[Shade.DARK], None, object]


@pytest.mark.parametrize("kind", GOOD, ids=str)
def test_a_key_is_what_has_one_text(kind: Any) -> None:
    assert key_type_problem(kind) is None
    assert key_type_problem(kind | None, may_be_none=True) is None
    assert "would share the key" in str(key_type_problem(kind | None))


@pytest.mark.parametrize("kind", BAD, ids=str)
def test_what_has_no_text_of_its_own_is_no_key(kind: Any) -> None:
    assert key_type_problem(kind)
    assert key_type_problem(kind, may_be_none=True)


def test_two_values_with_one_text_are_named() -> None:
    assert "may be 1 and '1', which are the same key" in str(key_type_problem(Literal["2", 1, "1"]))


def test_a_message_with_such_a_key_cannot_be_declared() -> None:
    with pytest.raises(ContractError, match=r"Painted has key='colour', and that field is the enum Colour.*Literal"):

        class Painted(Event, topic=T, key="colour"):
            colour: Colour

    with pytest.raises(ContractError, match=r'share the key "None"'):

        class Moved(Event, topic=T, key="shop"):
            shop: str | None = None

    with pytest.raises(ContractError, match=r"is of the type datetime"):

        class Opened(Command[None], topic=T, key="at"):
            at: datetime = datetime(2026, 1, 1, tzinfo=UTC)


class Bought(Event, topic=T, key="shade"):
    """Its key has a type that stands further down."""

    shade: "Later"


Later = Shade


def test_a_type_that_stands_further_down_is_checked_when_it_is_there() -> None:
    with pytest.raises(ContractError, match="enum Shade"):
        Bought.check_key()
