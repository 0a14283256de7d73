"""Declaring actors."""

from collections.abc import Awaitable
from functools import cached_property
from typing import Any

import pytest
from msgspec import Struct, field

from bus import ContractError, Event
from nexus_actors import Actor, Context, Service, ServiceEntry, handles
from nexus_actors.actor import handlers_of
from tests.nexus_actors.runtime.counter import COUNTERS, LOGS, Add, Counter, CounterState, Moved, Noted, Total


class NeedsDefault(Struct):
    """A state without a default."""

    total: int


def service_of(*actors: type[Actor[Any]], topic: Any = COUNTERS) -> Service:
    entry = ServiceEntry(name="counter-ms", title="C", module=None, port=1, package="x", layer="business")
    return Service(entry, topic=topic, actors=actors)


def test_handlers_are_what_their_signatures_say() -> None:
    found = {handler.name: handler for handler in handlers_of(Counter)}
    assert found["add"].message_type is Add
    assert found["moved"].key_field == "counter"
    assert found["moved"].key_of(Moved(log="l", counter="c")) == "c"


def test_a_service_reads_what_falls_on_its_partitions() -> None:
    service = service_of(Counter)
    assert service.streams(1) == ["{counter-ms:1}:commands", "{log-ms:1}:events"]
    assert service.streams(5) == ["{counter-ms:5}:commands"]
    assert [topic.service for topic in service.subscriptions()] == ["log-ms"]


class NoHint(Actor[None]):
    """Its handler has no type."""

    @handles
    def add(self, message, ctx):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        ...


class NoMessage(Actor[None]):
    """Its handler takes no message."""

    @handles
    def add(self, message: int, ctx: Context) -> None: ...


class NoSuchKey(Actor[None]):
    """Its handler names a field that is not there."""

    @handles(key="nothing")
    def noted(self, message: Noted, ctx: Context) -> None: ...


class ForeignKey(Actor[None]):
    """A command is handled under its own key alone."""

    @handles(key="by")
    def add(self, message: Add, ctx: Context) -> Total: ...  # type: ignore[empty-body]


class NoState(Actor[NeedsDefault]):
    """Its state has no defaults."""


class CheckpointWriter(Struct):
    """A state with a field where the runtime keeps its mark."""

    schema: str = field(default="", name="$schema")


class MarkedState(Actor[CheckpointWriter]):
    """Its field would be taken for the mark."""


class Tagged(Struct, tag_field="$schema", tag="tagged"):
    """A state whose class is told where the runtime keeps its mark."""


class TaggedState(Actor[Tagged]):
    """Its tag would be taken for the mark."""


class HoldsAnything(Struct):
    """A state that JSON has no form for."""

    thing: object = object()


class UnsavableState(Actor[HoldsAnything]):
    """Its first turn could not be saved."""


class Forgotten(Actor[None]):
    """Nobody would call its handler."""

    def add(self, message: Add, ctx: Context) -> Total: ...  # type: ignore[empty-body]


class ForgottenMany(Actor[None]):
    """The same for one that takes a list."""

    def noted(self, messages: list[Noted], ctx: Context) -> None: ...


class ForgottenBare(Actor[None]):
    """The same for one whose message has no type."""

    def noted(self, message, ctx: Context) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001


class ForgottenAgain(Counter):
    """The decorator does not come with the name."""

    def add(self, message: Add, ctx: Context) -> Total: ...  # type: ignore[empty-body]


class WrongAnswer(Actor[None]):
    """It answers with something else than its command promises."""

    @handles
    def add(self, message: Add, ctx: Context) -> int: ...  # type: ignore[empty-body]


class NoAnswer(Actor[None]):
    """It does not say what it answers with."""

    @handles
    def add(self, message: Add, ctx: Context): ...  # type: ignore[no-untyped-def]  # noqa: ANN201


class OneAnswerForMany(Actor[None]):
    """A list of commands has a list of answers."""

    @handles
    def add(self, messages: list[Add], ctx: Context) -> Total: ...  # type: ignore[empty-body]


class UnawaitedAnswer(Actor[None]):
    """What is awaitable is awaited only of a coroutine function."""

    @handles
    def add(self, message: Add, ctx: Context) -> Awaitable[Total]: ...  # type: ignore[empty-body]


class EventAnswered(Actor[None]):
    """Nobody waits for an answer to an event."""

    @handles
    def noted(self, message: Noted, ctx: Context) -> int: ...  # type: ignore[empty-body]


class WrongOrder(Actor[None]):
    """The message comes first."""

    @handles
    def noted(self, ctx: Context, message: Noted) -> None: ...


class NoContext(Actor[None]):
    """The second parameter is something else."""

    @handles
    def noted(self, message: Noted, count: int) -> None: ...


class KeywordOnly(Actor[None]):
    """The runtime calls it with two positions."""

    @handles
    def noted(self, message: Noted, *, ctx: Context) -> None: ...


class Static(Actor[None]):
    """It has no state to work on."""

    @staticmethod
    @handles
    def noted(message: Noted, ctx: Context) -> None: ...


class StaticInside(Actor[None]):
    """The same the other way round."""

    @handles
    @staticmethod
    def noted(message: Noted, ctx: Context) -> None: ...


class Property(Actor[None]):
    """Its handler would be a value."""

    @property  # type: ignore[misc]
    @handles
    def noted(self, message: Noted, ctx: Context) -> None: ...  # noqa: PLR0206


class CachedProperty(Actor[None]):
    """The same for the other kind of property."""

    @cached_property  # type: ignore[misc]
    @handles
    def noted(self, message: Noted, ctx: Context) -> None: ...  # noqa: PLR0206


class HidesState(Actor[CounterState]):
    """Its handler has the name of its state."""

    @handles
    def state(self, message: Noted, ctx: Context) -> None: ...  # type: ignore[override]


class HidesKey(Actor[None]):
    """Its handler has the name of its key."""

    @handles
    def key(self, message: Noted, ctx: Context) -> None: ...  # type: ignore[override]


class HidesStateType(Actor[None]):
    """Its handler has the name of what the runtime asks."""

    @handles
    def state_type(self, message: Noted, ctx: Context) -> None: ...  # type: ignore[override]


class Twice(Actor[None]):
    """Both would run in one turn."""

    @handles
    def noted(self, message: Noted, ctx: Context) -> None: ...

    @handles
    def noticed(self, message: Noted, ctx: Context) -> None: ...


class FloatKey(Event, topic=LOGS, key="log"):
    """An event with a field that is no key."""

    log: str
    metres_m: float


class KeyedByFloat(Actor[None]):
    """What is 1.0 here is 1 elsewhere."""

    @handles(key="metres_m")
    def noted(self, message: FloatKey, ctx: Context) -> None: ...


class Yields(Actor[None]):
    """Calling its handler runs nothing of it."""

    @handles
    def noted(self, message: Noted, ctx: Context) -> None:  # type: ignore[misc]
        yield


REFUSED = {
    Yields: "has a yield in it",
    NoHint: "must take",
    NoMessage: "no Command, Event or list",
    NoSuchKey: "no field of Noted",
    ForeignKey: "under its own key",
    NoState: "needs a default",
    MarkedState: "the mark of a state's writer",
    TaggedState: "the mark of a state's writer",
    UnsavableState: "cannot be saved",
    Forgotten: "Forgotten.add .*Mark it with @handles, or, where it is a helper, call it _add",
    ForgottenMany: "Mark it with @handles",
    ForgottenBare: "Mark it with @handles",
    ForgottenAgain: "Mark it with @handles",
    WrongAnswer: "WrongAnswer.add answers with int, and Add promises Total",
    NoAnswer: "declare it as -> Total",
    OneAnswerForMany: r"promises list\[Total\]",
    UnawaitedAnswer: "promises Total",
    EventAnswered: "an event has no answer",
    WrongOrder: "must take",
    NoContext: "the second is the context, and not int",
    KeywordOnly: "must take",
    Static: "plain method, and is a staticmethod",
    StaticInside: "plain method, and is a staticmethod",
    Property: "plain method, and is a property",
    CachedProperty: "plain method, and is a cached_property",
    HidesState: "HidesState.state hides what every actor has",
    HidesKey: "HidesKey.key hides what every actor has",
    HidesStateType: "HidesStateType.state_type hides what every actor has",
    Twice: "handles Noted twice under the same key, in noted and noticed",
    KeyedByFloat: "is of the type float",
}


@pytest.mark.parametrize("actor", REFUSED, ids=lambda actor: actor.__name__)
def test_what_cannot_work_is_refused_when_it_is_declared(actor: type[Actor[Any]]) -> None:
    with pytest.raises(ContractError, match=REFUSED[actor]):
        service_of(actor)


def test_a_property_is_no_handler() -> None:
    value: Any = property(lambda actor: actor.key)
    with pytest.raises(ContractError, match="Leave @property out"):
        handles(value)


def test_a_policy_that_is_none_is_refused() -> None:
    policy: Any = {"max_attempts": 3}
    with pytest.raises(ContractError, match="retry=RetryPolicy"):
        handles(retry=policy)


class Helped(Actor[None]):
    """It has helpers, and what looks like none of the runtime's business."""

    @handles
    async def add(self, message: Add, ctx: Context) -> Total:
        """Answer as promised."""
        raise NotImplementedError

    def _noted(self, message: Noted, ctx: Context) -> None: ...

    def close(self, session: str, reason: str, ctx: Context) -> None:
        """End one of many."""

    def total(self) -> int:
        """Show it."""
        return 0

    def told(self, entry: str, ctx: Context) -> None:
        """Take something else than a message."""


def test_helpers_are_no_handlers() -> None:
    assert [handler.name for handler in handlers_of(Helped)] == ["add"]


def test_a_command_has_one_handler_and_a_service_its_own_topic() -> None:
    class Second(Actor[None]):
        @handles
        def add(self, message: Add, ctx: Context) -> Total: ...  # type: ignore[empty-body]

    with pytest.raises(ContractError, match="exactly one handler"):
        service_of(Counter, Second)
    with pytest.raises(ContractError, match="topic"):
        service_of(Counter, topic=LOGS)
