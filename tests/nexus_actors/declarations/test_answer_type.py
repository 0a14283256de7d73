"""Whether an answer is what was promised."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, Never, NewType, NoReturn, TypedDict, TypeVar
from uuid import UUID

import pytest
from msgspec import Meta, Struct
from typing_extensions import TypeAliasType

from nexus_actors.declarations.answer_type import answers_with, shown

ShopId = NewType("ShopId", UUID)
Plate = NewType("Plate", Annotated[str, Meta(max_length=8)])
T = TypeVar("T")
K = TypeVar("K")
Plates = TypeAliasType("Plates", list[Plate])
Turned = TypeAliasType("Turned", dict[K, T], type_params=(T, K))
Many = TypeAliasType("Many", list[T], type_params=(T,))


class Vehicle(Struct):
    plate: str


class Lorry(Vehicle):
    axles: int


class Bill(TypedDict):
    cents: int


class LongBill(Bill, total=False):
    note: str


class Receipt(TypedDict, total=False):
    cents: int


class Quote(TypedDict):
    cents: float


class Box(Struct, Generic[T]):
    content: T


class Counted(Box[int], Generic[T]):
    counter: T


FITS: list[tuple[Any, Any]] = [
    (int, int),
    (None, type(None)),
    (Lorry, Vehicle),
    (Vehicle, Vehicle | None),
    (None, Vehicle | None),
    (int | str, str | int | None),
    (Literal["a"], Literal["a", "b"]),
    (Literal["a", "b"], str),
    (Literal["a", 1], str | int),
    (ShopId, UUID),
    (UUID, ShopId),
    (int, float),
    (list[Lorry], list[Vehicle]),
    (list[Lorry], Sequence[Vehicle]),
    (list, list[int]),
    (dict[str, Lorry], Mapping[str, Vehicle]),
    (tuple[int, int], tuple[int, ...]),
    (tuple[int, ...], tuple[int, ...]),
    (Bill, Bill),
    (LongBill, Bill),
    (Bill, Quote),
    (Bill, Receipt),
    (Bill, Mapping[str, Any]),
    (list[LongBill], list[Bill]),
    (tuple[int, ...], Sequence[int]),
    (tuple[int, bool], Collection[int | bool]),
    (Counter[str], dict[str, int]),
    (Plate, str),
    (str, Plate),
    (Annotated[list[Plate], "of a fleet"], list[str]),
    (Plates, list[str]),
    (list[str], Plates | None),
    (Turned[int, str], dict[str, int]),
    (Many[int], Sequence[int]),
    (Many[Lorry], Many[Vehicle]),
    (Counted[str], Box[int]),
    (NoReturn, int),
    (Never, int),
    (Any, int),
    (int, Any),
]
DIFFERS: list[tuple[Any, Any]] = [
    (str, int),
    (None, int),
    (int, None),
    (Vehicle, Lorry),
    (Vehicle | None, Vehicle),
    (int | str, int),
    (Literal["c"], Literal["a", "b"]),
    (Literal[1], Literal[True]),
    (str, Literal["a"]),
    (bool, int),
    (datetime, date),
    (bool, float),
    (float, int),
    (list[Vehicle], Vehicle),
    (Vehicle, list[Vehicle]),
    (list[Vehicle], list[Lorry]),
    (dict[str, int], dict[str, str]),
    (Bill, LongBill),
    (Receipt, Bill),
    (Quote, Bill),
    (dict[str, int], Bill),
    (Vehicle, Bill),
    (tuple[int, int], tuple[int, int, int]),
    (tuple[str, ...], tuple[int, ...]),
    (tuple[int, ...], tuple[int, int]),
    (tuple[int, ...], Sequence[str]),
    (tuple[int, str], Sequence[int]),
    (dict[str, int], Collection[str]),
    (Plate, int),
    (Plates, list[int]),
    (Turned[int, str], dict[int, str]),
    (Many[int], list[str]),
    (Box[int], Box[str]),
]


@pytest.mark.parametrize(("declared", "promised"), FITS, ids=str)
def test_a_kind_of_what_was_promised_is_an_answer(declared: Any, promised: Any) -> None:
    assert answers_with(declared, promised)


@pytest.mark.parametrize(("declared", "promised"), DIFFERS, ids=str)
def test_anything_else_is_none(declared: Any, promised: Any) -> None:
    assert not answers_with(declared, promised)


class Holding:
    """An alias that holds itself, as ``type Json = dict[str, Json] | str`` does."""

    @property
    def __value__(self) -> Any:
        return list[self] | str  # type: ignore[valid-type]


def test_what_has_no_end_is_believed() -> None:
    assert answers_with(Holding(), Holding())
    assert not answers_with(int, Holding())


def test_types_are_shown_as_people_write_them() -> None:
    assert [shown(kind) for kind in (None, int, list[int], int | None)] == ["None", "int", "list[int]", "int | None"]
