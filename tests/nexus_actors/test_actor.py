"""Declaring actors."""

from typing import Any

import pytest
from msgspec import Struct

from bus import ContractError
from nexus_actors import Actor, Context, Service, ServiceEntry, handles
from nexus_actors.actor import handlers_of
from tests.nexus_actors.runtime.counter import COUNTERS, LOGS, Add, Counter, Moved, Noted, Total


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


@pytest.mark.parametrize("actor", [NoHint, NoMessage, NoSuchKey, ForeignKey, NoState])
def test_what_cannot_work_is_refused_when_it_is_declared(actor: type[Actor[Any]]) -> None:
    with pytest.raises(ContractError):
        service_of(actor)


def test_a_command_has_one_handler_and_a_service_its_own_topic() -> None:
    class Second(Actor[None]):
        @handles
        def add(self, message: Add, ctx: Context) -> Total: ...  # type: ignore[empty-body]

    with pytest.raises(ContractError, match="exactly one handler"):
        service_of(Counter, Second)
    with pytest.raises(ContractError, match="topic"):
        service_of(Counter, topic=LOGS)
