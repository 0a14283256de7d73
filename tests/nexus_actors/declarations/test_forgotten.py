"""Handlers that lack their mark, and helpers that need none."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import pytest

from bus import ContractError, Event
from nexus_actors import Actor, Context, handles
from nexus_actors.actor import handlers_of
from tests.nexus_actors.runtime.counter import LOGS, Add, Moved, Noted, Total

M = TypeVar("M", bound=Event)


class Read(Event, topic=LOGS, key="log"):
    """A log was read."""

    log: str


class Base(Actor[None], Generic[M]):
    """What it is given decides whether its method is a handler."""

    def told(self, message: M, ctx: Context) -> None: ...


class Reader(Actor[None]):
    """Its methods are marked, or no handlers."""

    @handles
    def read(self, message: Read, ctx: Context) -> None:
        """Do all by helpers."""

    def _read(self, ctx: Context, message: Read) -> None: ...
    def price(self, message: Add) -> int: ...  # type: ignore[empty-body]
    def prices(self, messages: list[Add], at: float) -> int: ...  # type: ignore[empty-body]
    def scaled(self, message: Add, factor: float, ctx: Context) -> Total: ...  # type: ignore[empty-body]
    def by_log(self, messages: Mapping[str, Read], ctx: Context) -> None: ...
    def of_type(self, kind: type[Read], ctx: Context) -> None: ...
    def tell(self, ctx: Context) -> None: ...
    def any_of(self, message: Any, ctx: Context) -> None: ...
    def absent(self, message: "Absent", ctx: Context) -> None: ...  # type: ignore[name-defined] # noqa: F821
    def gathered(self, *messages: Read, **contexts: Context) -> None: ...
    @staticmethod
    def size(message: Add) -> int: ...  # type: ignore[empty-body]
    @classmethod
    def counted(cls, messages: Sequence[Read]) -> int: ...  # type: ignore[empty-body]


def test_helpers_are_not_taken_for_handlers() -> None:
    assert [handler.name for handler in handlers_of(Reader)] == ["read"]
    assert handlers_of(Base) == []


def union(self: Any, message: Noted | Moved, ctx: Context) -> None: ...
def optional(self: Any, message: Noted | None, ctx: Context) -> None: ...
def sequence(self: Any, messages: Sequence[Noted], ctx: Context) -> None: ...
def iterable(self: Any, messages: Iterable[Noted | Moved], ctx: Context) -> None: ...
def pairs(self: Any, messages: tuple[Noted, ...], ctx: Context) -> None: ...
def with_default(self: Any, message: Noted, ctx: Context | None = None) -> None: ...
def with_more(self: Any, message: Noted, ctx: Context, factor: float = 1.0) -> None: ...
def keyword_only(self: Any, message: Noted, *, ctx: Context) -> None: ...
def wrong_order(self: Any, ctx: Context, message: Noted) -> None: ...
def untyped(self: Any, message, ctx: Context) -> None: ...  # type: ignore[no-untyped-def] # noqa: ANN001
def absent_context(self: Any, message: Noted, ctx: "Absent.Context") -> None: ...  # type: ignore[name-defined] # noqa: F821
def absent_answer(self: Any, message: Noted, ctx: Context) -> "Absent": ...  # type: ignore[name-defined] # noqa: F821
def bare(message: Noted, ctx: Context) -> None: ...


FORGOTTEN: list[Any] = [
    union,
    optional,
    sequence,
    iterable,
    pairs,
    with_default,
    with_more,
    keyword_only,
    wrong_order,
    untyped,
    absent_context,
    absent_answer,
    classmethod(union),
    staticmethod(bare),
]


@pytest.mark.parametrize("member", FORGOTTEN, ids=lambda member: f"{type(member).__name__} {member.__name__}")
def test_what_only_the_runtime_would_call_is_missing_its_mark(member: Any) -> None:
    forgetful: Any = type("Forgetful", (Actor,), {"told": member})
    with pytest.raises(
        ContractError, match=r"Forgetful.told takes what only a handler.*Mark it with @handles, or.*call it _told"
    ):
        handlers_of(forgetful)
    assert handlers_of(type("Helped", (Actor,), {"_told": member})) == []


def test_what_a_generic_base_has_forgotten_is_seen_where_its_message_is_given() -> None:
    class Given(Base[Read]):
        """It tells what is told."""

    with pytest.raises(ContractError, match=r"Given.told takes"):
        handlers_of(Given)
