"""What the signature of a handler says."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import pytest
from msgspec import Struct
from typing_extensions import TypeAliasType
from typing_extensions import TypeVar as TypingTypeVar

from bus import Command, ContractError
from nexus_actors import Actor, Context, handles
from nexus_actors.actor import handlers_of
from tests.nexus_actors.runtime.counter import COUNTERS, Add, Noted, Total


class Totals(Command[Sequence[int]], topic=COUNTERS, key="counter"):
    """Asks for all totals of a counter."""

    counter: str


class Tally(Struct):
    """How much there is."""

    total: int = 0


NotedMany = TypeAliasType("NotedMany", list[Noted])
TallyAlias = TypeAliasType("TallyAlias", Tally)


class Aliased(Actor[TallyAlias]):
    """Its types have other names, and its answer is a kind of what is promised."""

    @handles
    def totals(self, message: Totals, ctx: Context) -> tuple[int, ...]:
        """Answer with all of one."""
        return (self.state.total,)

    @handles
    def noted(self, messages: NotedMany, ctx: Context) -> None: ...


def test_types_may_have_other_names() -> None:
    found = {handler.name: handler for handler in handlers_of(Aliased)}
    assert Aliased.state_type() is Tally
    assert found["totals"].message_type is Totals
    assert (found["noted"].message_type, found["noted"].many) == (Noted, True)


class ShelfState(Struct):
    """How much there is on a shelf."""

    amount: int = 0


S = TypeVar("S")
M = TypeVar("M")
E = TypeVar("E")


class Totalling(Actor[S], Generic[S]):
    """A base with handlers of its own."""

    @handles
    def totals(self, message: Totals, ctx: Context) -> list[int]:
        """Answer with none."""
        return []


class Keeping(Totalling[S], Generic[M, E, S]):
    """A base whose messages are given where it is used."""

    @handles
    def keep(self, message: M, ctx: Context) -> Total:
        """Answer as a command of a counter promises."""
        return Total(0)

    @handles
    def noticed(self, messages: list[E], ctx: Context) -> None: ...


class Shelf(Keeping[Add, Noted, ShelfState]):
    """Says what its bases leave open."""


def test_generic_bases_have_states_and_messages_that_are_given_below() -> None:
    found = {handler.name: (handler.message_type, handler.many) for handler in handlers_of(Shelf)}
    assert Shelf.state_type() is ShelfState
    assert found == {"keep": (Add, False), "noticed": (Noted, True), "totals": (Totals, False)}
    assert handlers_of(Totalling)


# What `class Sensing[Own](Actor[None])` is in a module whose annotations are text.
SENSING = """
from __future__ import annotations
class Sensing(Actor[None], Generic[Variable]):
    @handles
    def sensed(self, message: Own, ctx: Context) -> None: ...
    def told(self, messages: list[Own], ctx: Context) -> None: ...
class Ear(Sensing[Noted]):
    told = None
class Deaf(Sensing[Noted]): ...
"""


def test_type_variables_of_a_class_are_known_by_their_names() -> None:
    names: dict[str, Any] = {**globals(), "Variable": TypingTypeVar("Own", infer_variance=True)}
    exec(SENSING, names)  # noqa: S102
    assert [handler.message_type for handler in handlers_of(names["Ear"])] == [Noted]
    with pytest.raises(ContractError, match=r"Deaf.told takes what only a handler"):
        handlers_of(names["Deaf"])


class OpenState(Totalling):  # type: ignore[type-arg]
    """Its base leaves the state open."""


class OpenMessage(Keeping):  # type: ignore[type-arg]
    """Its base leaves all open."""


class Wrapped(Noted, Generic[S]):
    """A message with a parameter."""


class TakesWrapped(Actor[None]):
    """Its message is no class."""

    @handles
    def noted(self, message: Wrapped[int], ctx: Context) -> None: ...


class WrongBelow(Keeping[Totals, Noted, ShelfState]):
    """Its base answers this command with something else than it promises."""


class NoStruct(Totalling[int]):
    """Its state is none."""


def test_what_is_left_open_is_refused_with_words() -> None:
    with pytest.raises(ContractError, match=r"OpenState does not say what its state is\. Derive it from Totalling\[...\]"):
        OpenState.state_type()
    with pytest.raises(ContractError, match=r"with that message in brackets"):
        handlers_of(OpenMessage)
    with pytest.raises(ContractError, match=r"Wrapped\[int\], which is no.*Derive a class from that"):
        handlers_of(TakesWrapped)
    with pytest.raises(ContractError, match=r"WrongBelow.keep answers with Total, and Totals promises"):
        handlers_of(WrongBelow)
    with pytest.raises(ContractError, match=r"The state of NoStruct is int, which is no msgspec Struct"):
        NoStruct.state_type()
