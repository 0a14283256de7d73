"""Whether an answer is what was promised."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, Never, NewType, NoReturn, TypedDict
from uuid import UUID

import pytest
from msgspec import Struct

from nexus_actors.answer_type import answers_with, shown

ShopId = NewType("ShopId", UUID)


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
]


@pytest.mark.parametrize(("declared", "promised"), FITS, ids=str)
def test_a_kind_of_what_was_promised_is_an_answer(declared: Any, promised: Any) -> None:
    assert answers_with(declared, promised)


@pytest.mark.parametrize(("declared", "promised"), DIFFERS, ids=str)
def test_anything_else_is_none(declared: Any, promised: Any) -> None:
    assert not answers_with(declared, promised)


def test_types_are_shown_as_people_write_them() -> None:
    assert [shown(kind) for kind in (None, int, list[int], int | None)] == ["None", "int", "list[int]", "int | None"]
