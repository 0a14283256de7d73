"""What classes give the parameters of their generic bases."""

from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

import msgspec
import pytest
from msgspec import Struct

from bus import Command, ContractError, Event, Topic
from bus.type_arguments import filled, type_arguments

SHOP = Topic("shop-ms")
A = TypeVar("A")
B = TypeVar("B")


class Item(Struct, frozen=True):
    name: str


class Put(Command[A], Generic[A, B]):
    """The base of commands that put things."""

    shop: Annotated[str, "of a town"]
    thing: B


class PutMany(Put[list[A], B], Generic[B, A]):
    """Its parameters stand in another order."""


class PutItem(PutMany[int, Item], topic=SHOP, key="shop"):
    """Put an item."""


class Closed(Event, Generic[A]):
    """The base of events with a key of any type."""

    place: A


def test_a_command_may_have_generic_bases() -> None:
    assert PutItem.reply_type() == list[Item]
    assert PutItem.wire_type() == "nexus.shop-ms.put_item.v1"
    assert msgspec.json.decode(b'{"shop": "s", "thing": 1}', type=PutItem) == PutItem(shop="s", thing=1)
    with pytest.raises(msgspec.ValidationError, match="thing"):
        msgspec.json.decode(b'{"shop": "s", "thing": "x"}', type=PutItem)


def test_a_key_has_the_type_that_is_given_for_it() -> None:
    class ShopClosed(Closed[UUID], topic=SHOP, key="place"):
        """A shop was closed."""

    assert ShopClosed.key_field == "place"
    with pytest.raises(ContractError, match="is of the type float"):

        class MarketClosed(Closed[float], topic=SHOP, key="place"):
            """A market was closed."""


def test_what_is_left_open_is_named() -> None:
    class Ask(Command):  # type: ignore[type-arg]
        """It has no brackets."""

    class PutAny(PutMany, topic=SHOP, key="shop"):  # type: ignore[type-arg]
        """Nor has its base."""

    with pytest.raises(ContractError, match=r"Ask does not say what its answer is\. Derive it from Command\[...\]"):
        Ask.reply_type()
    with pytest.raises(ContractError, match=r"PutAny does not say what its answer is\. Derive it from PutMany\[...\]"):
        PutAny.reply_type()
    with pytest.raises(ContractError, match=r"Use a class that is derived from Put\[...\]"):
        Put.reply_type()


FILLED: list[tuple[Any, Any]] = [
    (A, int),
    (B, B),
    (list[A], list[int]),  # type: ignore[valid-type] # as classes have them inside
    (Closed, Closed),
    (Closed[A], Closed[int]),  # type: ignore[valid-type]
    (Literal["a"], Literal["a"]),
    (None, None),
]


@pytest.mark.parametrize(("kind", "expected"), FILLED, ids=str)
def test_type_variables_are_filled_where_something_is_given(kind: Any, expected: Any) -> None:
    assert filled(kind, {A: int}) == expected


def test_a_class_gives_nothing_to_what_is_no_base_of_it() -> None:
    assert type_arguments(PutItem, Put) == {A: list[Item], B: int}
    assert type_arguments(PutItem, Closed) == {}
