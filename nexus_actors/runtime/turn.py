"""Turns: running the handlers of a group of deliveries, and collecting what they leave behind."""

import asyncio
import inspect
import random
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import anyio
from msgspec import Raw, Struct

from bus import Command, ContractError, Envelope, Message, NewerRelease, Refusal, derive_id
from bus.codec import encode_envelope
from bus.envelope import key_problem
from bus.requests import Answer, decode_answer, encode_answer
from bus.round_trip import LONGEST_MESSAGE, RoundTrip
from nexus_actors.actor import Actor, Handler
from nexus_actors.context import Context, Effects, Outbound
from nexus_actors.database import Transaction
from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.failures.blame import blamed, own_task, take_back_cancellations
from nexus_actors.runtime.activations import Activation, Activations, StateUnreadable
from nexus_actors.runtime.delivery import Delivery, Group
from nexus_actors.runtime.tracing import TurnTraces
from nexus_actors.service import Service
from nexus_actors.telemetry.metrics import ServiceMetrics

_OTHERS_RUN_S = 0.02


class Fault(Exception):
    """A message could not be handled: its handler raised something that is no refusal.

    Attributes:
        final: another try will not help.
        waits: the message is not to blame, and costs no attempt: its key waits until what is missing is there.
    """

    def __init__(self, cause: Exception, *, final: bool = False, waits: bool = False) -> None:
        # Not what it says: exceptions of services may raise when they are asked for that.
        super().__init__(type(cause).__name__)
        self.cause = cause
        self.final = final
        self.waits = waits


class Result(Struct, eq=False):
    """A group that was handled: one answer per delivery, and what its turns leave behind."""

    group: Group
    answers: list[Answer]
    effects: list[Effects]
    activations: set[Activation]
    refused_after_writing: bool = False


class Turns:
    """Runs handlers.

    Args:
        clock: gives the instant of a turn, UTC.
        timeout_s: a coroutine handler that takes longer has failed.
    """

    def __init__(
        self,
        service: Service,
        activations: Activations,
        clock: Callable[[], datetime],
        log: Any,  # noqa: ANN401
        metrics: ServiceMetrics,
        traces: TurnTraces,
        stopwatch: Callable[[], float],
        timeout_s: float = 30.0,
    ) -> None:
        self._service = service
        self._activations = activations
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self._traces = traces
        self._timeout_s = timeout_s
        self._stopwatch = stopwatch
        self._others_ran_at = stopwatch()
        self._task: asyncio.Task[Any]
        self._taken_in_lists = {
            message_type for message_type, handlers in service.handled.items() if all(handler.many for handler in handlers)
        }
        self._answers: dict[type[Message], RoundTrip] = {
            message_type: RoundTrip(
                message_type.reply_type(), f"The answer to {message_type.__name__}", longest=LONGEST_MESSAGE
            )
            for message_type in service.handled
            if issubclass(message_type, Command)
        }

    async def wake(self, groups: Sequence[Group]) -> None:
        """Activate every actor that these groups need. The task that does so is the one that is to run them."""
        self._task = own_task()
        await self._activations.wake(
            (handler.actor, delivery.identity, group.partition)
            for group in groups
            for delivery in group.deliveries
            for handler in self._wanted(delivery)
        )

    def _wanted(self, delivery: Delivery) -> Sequence[Handler]:
        """Whose actors a delivery needs; nobody's where that cannot be told, for which its own turn will fail."""
        try:
            return self._local(delivery)
        except BaseException as error:  # noqa: BLE001 - the key is what the message's own code says
            blamed(error)
            return ()

    async def run(self, group: Group, db: Transaction) -> Result:
        """Handle a group's deliveries in order.

        Whatever is raised between the taking of a delivery and the commit is the fault of that turn: by the handler, and by
        what is made of its state, its answers and the messages that it sends.

        Raises:
            Fault: a turn failed. The group's activations are to be dropped and what was written rolled back.
        """
        result = Result(group, [], [], set())
        try:
            for call in self._calls(group.deliveries):
                await self._call(call, db, result)
                await self._let_others_run()
        except (Fault, DatabaseUnavailable):
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is
            cause = blamed(error)
            raise Fault(cause) from cause
        return result

    async def _let_others_run(self) -> None:
        """Handlers may never wait for anything, and meanwhile leases want to be renewed and requests answered."""
        now = self._stopwatch()
        if now - self._others_ran_at > _OTHERS_RUN_S:
            await anyio.lowlevel.checkpoint()
            self._others_ran_at = now

    def _calls(self, deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
        """Neighbours that one call of a list handler takes together."""
        calls: list[list[Delivery]] = []
        for delivery in deliveries:
            last = calls[-1][0] if calls else None
            if last is not None and self._joins(last, delivery):
                calls[-1].append(delivery)
            else:
                calls.append([delivery])
        return calls

    def _joins(self, first: Delivery, next_one: Delivery) -> bool:
        kind = type(first.message)
        return (
            kind in self._taken_in_lists
            and type(next_one.message) is kind
            and _caller(first) == _caller(next_one)
            and next_one.problem is None
        )

    async def _call(self, call: list[Delivery], db: Transaction, result: Result) -> None:
        handlers = self._handlers(call[0])
        touched = [self._activation(handler, call[0]) for handler in handlers]
        result.activations.update(touched)
        writes_before = db.writes
        try:
            answers, effects = await self._handle(call, handlers, touched, db)
        except Refusal as refusal:
            for activation in touched:
                activation.restore()
            result.refused_after_writing |= db.writes > writes_before
            if len(call) > 1:
                for delivery in call:
                    await self._call([delivery], db, result)
                return
            if call[0].message.channel == "events":
                raise Fault(refusal) from refusal
            result.answers.append(_refused(call[0], refusal))
            return
        for activation in touched:
            activation.settle()
        result.answers += answers
        result.effects += effects

    def _activation(self, handler: Handler, delivery: Delivery) -> Activation:
        """An actor that can be used.

        Raises:
            Fault: it cannot.
        """
        activation = self._activations.get(handler.actor, delivery.identity)
        if activation.problem is not None:
            newer = isinstance(activation.problem, NewerRelease)
            raise Fault(activation.problem, final=newer or isinstance(activation.problem, StateUnreadable), waits=newer)
        return activation

    async def _handle(
        self, call: list[Delivery], handlers: Sequence[Handler], activations: Sequence[Activation], db: Transaction
    ) -> tuple[list[Answer], list[Effects]]:
        answers = [Answer(id=delivery.message_id) for delivery in call]
        effects = [self._forwards(delivery) for delivery in call if len(handlers) < self._handler_count(delivery)]
        for handler, activation in zip(handlers, activations, strict=True):
            with self._traces.handling(call) as envelope:
                ctx = Context(
                    service=self._service.name,
                    actor=handler.actor.__name__,
                    handler=handler.name,
                    identity=call[0].identity,
                    envelope=envelope,
                    now=self._clock(),
                    db=db,
                    log=self._log,
                    jobs=self._service.works,
                    contracts=self._service.contracts,
                )
                call[0].policy = handler.retry
                try:
                    values = await self._invoke(handler, activation.actor, call, ctx)
                finally:
                    ctx.effects.end()
            effects.append(ctx.effects)
            if call[0].message.channel == "commands":
                trip = self._answers[handler.message_type]
                answers = [
                    Answer(id=delivery.message_id, value=Raw(trip.write(value)))
                    for delivery, value in zip(call, values, strict=True)
                ]
        return answers, effects

    async def _invoke(self, handler: Handler, actor: Actor[Any], call: list[Delivery], ctx: Context) -> Sequence[object]:
        messages = [delivery.message if handler.check is None else handler.check(delivery.message) for delivery in call]
        argument: Message | list[Message] = messages if handler.many else messages[0]
        bound = getattr(actor, handler.name)
        started = self._stopwatch()
        try:
            value = await self._call_handler(handler, bound, argument, ctx)
        except Refusal:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is
            cause = blamed(error)
            raise Fault(cause) from cause
        finally:
            self._metrics.handler_took(
                handler.message_type.topic.service, handler.message_type.wire, self._stopwatch() - started
            )
        if value is not None and handler.message_type.channel == "events":
            raise Fault(_unexpected(handler, value))
        if not handler.many:
            return [value]
        return self._list_answers(handler, call, value)

    async def _call_handler(
        self, handler: Handler, bound: Callable[..., Any], argument: Message | list[Message], ctx: Context
    ) -> Any:  # noqa: ANN401 - a handler answers with what it likes
        before = self._task.cancelling()
        try:
            if handler.is_async:
                with anyio.fail_after(self._timeout_s):
                    return await bound(argument, ctx)
            return bound(argument, ctx)
        finally:
            if self._task.cancelling() > before:
                await take_back_cancellations(self._task, before)

    def _list_answers(self, handler: Handler, call: list[Delivery], value: object) -> Sequence[object]:
        if handler.message_type.channel == "events":
            return [None] * len(call)
        if not isinstance(value, list) or len(value) != len(call):
            problem = f"{handler.actor.__name__}.{handler.name} must answer with a list of {len(call)}, one per message."
            raise Fault(ContractError(problem))
        return value

    def _handlers(self, delivery: Delivery) -> Sequence[Handler]:
        """The handlers to call.

        Raises:
            Fault: the message cannot be read, or is a command that went to the wrong place.
        """
        if delivery.problem is not None:
            raise Fault(delivery.problem, final=True, waits=isinstance(delivery.problem, NewerRelease))
        handlers = self._local(delivery)
        if not handlers and delivery.message.channel == "commands":
            wrong = f"{delivery.envelope.type} is for key {delivery.message.key_of()!r} and came as one for {delivery.key!r}"
            raise Fault(ContractError(f"{wrong}, in {delivery.stream}."), final=True)
        return handlers

    def _handler_count(self, delivery: Delivery) -> int:
        return len(self._service.handlers(type(delivery.message)))

    def _local(self, delivery: Delivery) -> Sequence[Handler]:
        """The handlers that run here: those whose actor's key is the one that the delivery is ordered by."""
        if delivery.handlers is None:
            message, key = delivery.message, delivery.key
            handlers = self._service.handlers(type(message)) if self._at_home(delivery) else ()
            delivery.handlers = [handler for handler in handlers if handler.key_of(message) == key]
        return delivery.handlers

    def _at_home(self, delivery: Delivery) -> bool:
        return self._service.topic.partition_of(delivery.key) == delivery.partition

    def _forwards(self, delivery: Delivery) -> Effects:
        """An event whose actor has another key goes on into the own stream under that key, once per key."""
        effects = Effects()
        if delivery.envelope.forwarded:
            return effects
        keys = {handler.key_of(delivery.message) for handler in self._service.handlers(type(delivery.message))}
        for key in sorted(k for k in keys if k is not None):
            if key != delivery.key or not self._at_home(delivery):
                effects.outbound.append(self._forward(delivery.envelope, key))
        return effects

    def _forward(self, envelope: Envelope, key: str) -> Outbound:
        if problem := key_problem(key):
            raise Fault(ContractError(f"The key of an actor that handles {envelope.type} {problem}."), final=True)
        message_id = derive_id(envelope.id, f"{self._service.name}/{key}")
        forwarded = envelope.replace(id=message_id, subject=key, causationid=envelope.id, forwarded=True, replyto=None)
        topic = self._service.topic
        return Outbound(topic.stream("commands", topic.partition_of(key)), message_id, encode_envelope(forwarded))


def _unexpected(handler: Handler, value: object) -> ContractError:
    """An event's handler gave something back: most likely what a wrapper made of it, and nothing of it has run."""
    if inspect.iscoroutine(value):
        value.close()
    return ContractError(
        f"{handler.actor.__name__}.{handler.name} returned {type(value).__name__}, and an event has no answer. "
        "Is its coroutine or generator wrapped in a plain function?"
    )


def _caller(delivery: Delivery) -> tuple[str | None, str | None, str | None]:
    """On whose behalf a message was sent: the context of a turn tells one of them, so a call has one alone."""
    envelope = delivery.envelope
    return envelope.tenant, envelope.principal, envelope.scopes


def _refused(delivery: Delivery, refusal: Refusal) -> Answer:
    """The answer that is a refusal; one whose parts are of other types than they should be is a fault of the handler."""
    answer = Answer(id=delivery.message_id, refusal=refusal.document)
    decode_answer(encode_answer(answer))
    return answer


def random_chance() -> float:
    """A random number in [0, 1) for jitter."""
    return random.random()  # noqa: S311 - jitter, no secret
