"""Asking commands: a port, and how it is done over the bus, on behalf of the HTTP face, jobs and tests."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from bus import Command, Envelope, HandlerFailed, NewerRelease, Refusal, StreamName, TooLarge, Unwritable, new_id
from bus.envelope import LONGEST_KEY, key_problem, seal
from bus.requests import Answer, Requests
from nexus_actors.principal import Principal
from nexus_actors.runtime.tracing import described
from nexus_actors.telemetry.spans import Spans
from nexus_actors.telemetry.tracing import TraceContext

R = TypeVar("R")


class Reply(Struct, Generic[R], frozen=True):
    """What a command was answered with.

    Attributes:
        value: the answer.
        replayed: the command was handled before, and this is the answer of that time.
    """

    value: R
    replayed: bool = False


class Asker(Protocol):
    """Asks commands and awaits their answers. Safe to use from any number of tasks.

    When the waiting task is cancelled, the command may still take effect.
    """

    async def ask(
        self,
        command: Command[R],
        *,
        principal: Principal | None,
        message_id: UUID | None,
        fingerprint: str | None,
        timeout_s: float,
        traceparent: str | None,
    ) -> Reply[R]:
        """Ask a command and await its answer.

        Args:
            command: what is asked.
            principal: on whose behalf; None where the route is public.
            message_id: the command's id, where it follows from an idempotency key; None for a new one.
            fingerprint: digest of the request, where it came with an idempotency key.
            timeout_s: how long to wait for the answer, in seconds.
            traceparent: where the request stands in its trace (W3C Trace Context).

        Raises:
            bus.Refusal: a rule said no; or the command is none that its service could read; or the id was used for a command
                with another fingerprint, or is still running.
            bus.TooLarge: the command is longer than messages may be; nothing was sent.
            bus.Overloaded: the receiver is behind; nothing was sent.
            bus.PublishFailed: the sending was not confirmed; the command may still take effect.
            bus.NewerRelease: the command was carried out, and the answer of a newer release cannot be read here.
            bus.HandlerFailed: in development, the handler failed; see there.
            bus.DeadlineExceeded: no answer came in time; the command may still take effect.
        """
        ...


class BusAsker:
    """See `nexus_actors.asking.Asker`.

    Args:
        source: who asks: the service or program.
        spans: those of who asks. A question is one, which the turn that answers it continues; without them, a question carries
            on the trace that it is given, if any.
    """

    def __init__(self, requests: Requests, source: str, clock: Callable[[], datetime], spans: Spans | None = None) -> None:
        self._requests = requests
        self._source = source
        self._clock = clock
        self._spans = spans

    async def ask(
        self,
        command: Command[R],
        *,
        principal: Principal | None = None,
        message_id: UUID | None = None,
        fingerprint: str | None = None,
        timeout_s: float = 10.0,
        traceparent: str | None = None,
        service: str | None = None,
        stream: StreamName | None = None,
    ) -> Reply[R]:
        """Ask a command and await its answer; see `Asker.ask`.

        Args:
            service: the name under which it is asked; that of this asker when left out.
            stream: where it goes, for the runtime's own commands, which any service takes.
        """
        now = self._clock()
        envelope = _sealed(command, message_id or new_id(), service or self._source, now).replace(
            deadline=now + timedelta(seconds=timeout_s), fingerprint=fingerprint, traceparent=traceparent, **_caller(principal)
        )
        topic = command.topic
        target = stream or topic.stream("commands", topic.partition_of(envelope.subject))
        answer = await self._traced(target, envelope, timeout_s)
        if answer.failure is not None:
            raise HandlerFailed(answer.failure)
        if answer.refusal is not None:
            raise Refusal.from_document(answer.refusal)
        return Reply(_value(command, answer), answer.replayed)

    async def _traced(self, target: StreamName, envelope: Envelope, timeout_s: float) -> Answer:
        if self._spans is None:
            return await self._requests.ask(target, envelope, timeout_s)
        parent = TraceContext.parse(envelope.traceparent)
        with self._spans.publish(parent, described(target, envelope.type, envelope.id)) as span:
            return await self._requests.ask(target, envelope.replace(traceparent=span.context.header()), timeout_s)


def _value(command: Command[Any], answer: Answer) -> Any:  # noqa: ANN401 - what the command promises
    if not answer.value:
        return None
    try:
        return msgspec.json.decode(answer.value, type=type(command).reply_type())
    except msgspec.MsgspecError as error:
        told = f"{command.wire_type()} {answer.id} was carried out, and its answer is not what this release expects: {error}"
        raise NewerRelease(told) from error


def _sealed(command: Command[Any], message_id: UUID, source: str, now: datetime) -> Envelope:
    """The command in its envelope.

    Raises:
        Refusal: its key cannot order messages, or its own type forbids it: nobody could handle it.
        TooLarge: it is too long.
    """
    if problem := key_problem(command.key_of()):
        raise Refusal.invalid("key_unusable", f"The {command.key_field} {problem}. Give one of 1 to {LONGEST_KEY} characters.")
    try:
        return seal(command, message_id=message_id, source=source, now=now)
    except TooLarge:
        raise
    except Unwritable as error:
        raise Refusal.invalid("message_invalid", str(error)) from error


def _caller(principal: Principal | None) -> dict[str, object]:
    if principal is None:
        return {}
    scopes = " ".join(sorted(principal.scopes)) or None
    return {"principal": principal.subject, "tenant": principal.tenant, "scopes": scopes}
