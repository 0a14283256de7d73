"""One service whose actors keep to their states, in memory: no server, no HTTP, no waiting."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
import structlog

from bus import Command, DeadlineExceeded, Event, HandlerFailed, Message, Refusal, StreamName, new_id
from bus.codec import Contracts, decode_envelope, encode_envelope
from bus.envelope import Envelope, seal
from bus.memory import MemoryStreamStore
from bus.position import START, Position
from bus.publisher import Outgoing, Publisher
from bus.requests import Answer, decode_answer
from bus.store import Append, Entry
from nexus_actors.actor import Actor
from nexus_actors.identity import DEFAULT_TENANT, PLATFORM, Identity
from nexus_actors.jobs.job import Job
from nexus_actors.memory import MemoryDatabase, MemoryJobStore, MemoryLeaseStore, MemoryTurnStore
from nexus_actors.retry import RetryPolicy
from nexus_actors.runtime.assembly import LoopSettings, assemble
from nexus_actors.runtime.leases import LeaseKeeper, Ownership, WorkerInfo
from nexus_actors.runtime.partition import Held
from nexus_actors.runtime.placement import wanted_partitions
from nexus_actors.runtime.store import ParkedRow
from nexus_actors.service import Service
from nexus_actors.telemetry.metrics import Metrics
from nexus_actors.telemetry.spans import NoSpans
from nexus_actors.testing.clock import FakeClock
from nexus_actors.testing.memory_jobs import MemoryJobs

R = TypeVar("R")
E = TypeVar("E", bound=Event)
C = TypeVar("C", bound=Command[Any])
S = TypeVar("S", bound=msgspec.Struct)
J = TypeVar("J", bound=Job)

_REPLIES: Final = StreamName("{replies:test}:replies")
_ALL: Final = 1_000_000
_ROUNDS: Final = 1_000
_QUIET_ROUNDS: Final = 2
ONCE: Final = LoopSettings(retry=RetryPolicy(max_attempts=1))
"""A message that fails is parked at once, with its cause."""


class _Recorded(MemoryStreamStore):
    """Streams in memory that remember the order in which all of them were written, and how much was read."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(lambda: round(clock().timestamp() * 1_000))
        self.envelopes: list[Envelope] = []
        self.delivered = 0

    async def read(self, after: Mapping[StreamName, Position], count: int, block_s: float) -> list[Entry]:
        entries = await super().read(after, count, block_s)
        self.delivered += len(entries)
        return entries

    async def append(self, appends: Sequence[Append]) -> list[Exception | None]:
        outcomes = await super().append(appends)
        for append, outcome in zip(appends, outcomes, strict=True):
            if outcome is None and append.stream != _REPLIES:
                self.envelopes += map(decode_envelope, append.bodies)
        return outcomes


class MemoryWorld:
    """What outlives a service in memory: its streams, its database and the time."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.streams = _Recorded(self.clock)
        self.database = MemoryDatabase(self.clock)


class MemoryService:
    """A service in memory. It stands still, and moves only while one of these methods is awaited.

    Attributes:
        clock: its time, which passes with `advance` alone.
        database: the runtime's tables; `MemoryDatabase.at` makes calls to it fail.
    """

    def __init__(
        self, service: Service, world: MemoryWorld, settings: LoopSettings, store: MemoryTurnStore | None = None
    ) -> None:
        self._service = service
        self._streams = world.streams
        self._publisher = Publisher(world.streams)
        self._answered = START
        self.clock = world.clock
        self.database = world.database
        self._store = store or MemoryTurnStore(service.name, world.database)
        self._leases = MemoryLeaseStore(world.database)
        self._jobs = MemoryJobs(service, MemoryJobStore(world.database), self._publisher, world.clock)
        self._ownership = Ownership()
        log = structlog.get_logger().bind(service=service.name)
        self._worker = WorkerInfo(
            worker_id=new_id().hex, host="memory", pid=0, version="test", services=(service.name,), started_at=self.clock()
        )
        self._keeper = LeaseKeeper(self._leases, self._worker, [service], {service.name: self._ownership}, self.clock, log)
        self._loop = assemble(
            service,
            turn_store=self._store,
            streams=world.streams,
            ownership=self._ownership,
            settings=settings,
            clock=self.clock,
            chance=lambda: 0.0,
            log=log,
            metrics=Metrics().service(service.name),
            spans=NoSpans(bytes),
        )

    async def start(self) -> None:
        """Take the partitions."""
        wanted = [stream for number in range(self._service.topic.partitions) for stream in self._service.streams(number)]
        topic = self._service.topic
        await self._leases.register(self._service.name, topic.partitions, wanted, wanted_partitions(self._service))
        await self._leases.announce(self._service.name, self._service.events())
        await self._keeper.tick()
        await self.settle()

    async def stop(self) -> None:
        """Hand the partitions over."""
        self._ownership.grant({})
        await self._loop.tick(0)
        await self._leases.leave(self._worker.worker_id)

    async def ask(
        self,
        command: Command[R],
        *,
        tenant: str = "main",
        scopes: Sequence[str] = (),
        subject: str = "tester",
        **envelope: object,
    ) -> R:
        """Ask a command as a caller of some tenant; ``envelope`` overrides attributes, such as ``id``.

        Raises:
            HandlerFailed: the handler failed, and the settings are such that this is told at once.
            Refusal: a rule said no; or the handler failed, and the command is parked (`parked` has the cause).
            DeadlineExceeded: there is no answer at this instant. The key is held back (`advance` the time), or the answer was
                lost with the connection after its commit (ask again under the same id).
        """
        sealed = seal(command, message_id=new_id(), source="test", now=self.clock())
        sealed = sealed.replace(
            tenant=tenant, principal=subject, scopes=" ".join(sorted(scopes)) or None, replyto=_REPLIES, **envelope
        )
        await self._publish(command, sealed)
        await self.settle()
        answer = await self._answer(sealed.id)
        if answer.failure is not None:
            raise HandlerFailed(answer.failure)
        if answer.refusal is not None:
            raise Refusal.from_document(answer.refusal)
        reply: Any = None
        if answer.value:
            reply = msgspec.json.decode(answer.value, type=type(command).reply_type())
        value: R = reply
        return value

    async def _answer(self, message_id: UUID) -> Answer:
        entries = await self._streams.read({_REPLIES: self._answered}, _ALL, 0)
        for entry in entries:
            self._answered = entry.position
        answers = [answer for entry in entries if (answer := decode_answer(entry.body)).id == message_id]
        if not answers:
            raise DeadlineExceeded(f"{message_id} has no answer now: advance the time, or ask again under the same id.")
        return answers[-1]

    async def publish(self, event: Event, *, tenant: str = "main", **envelope: object) -> None:
        """Publish an event as the service would whose topic it is; ``envelope`` overrides attributes, such as ``id``."""
        sealed = seal(event, message_id=new_id(), source=event.topic.service, now=self.clock())
        await self._publish(event, sealed.replace(tenant=tenant, **envelope))

    async def _publish(self, message: Message, envelope: Envelope) -> None:
        stream = message.topic.stream(message.channel, message.topic.partition_of(envelope.subject))
        await self._publisher.publish([Outgoing(stream, encode_envelope(envelope))])

    async def settle(self) -> None:
        """Handle everything that there is to handle at this instant, what handling brings forth too.

        Raises:
            DeadlineExceeded: there is no end to it.
        """
        quiet = 0
        for _ in range(_ROUNDS):
            before = self._progress()
            await self._loop.tick(0)
            whole = len(self._ownership.owned) == self._service.topic.partitions
            if not whole:
                await self._keeper.tick()
            quiet = quiet + 1 if whole and self._progress() == before else 0
            if quiet == _QUIET_ROUNDS:
                return
        raise DeadlineExceeded(
            f"After {_ROUNDS} rounds {self._service.name} still has messages. Do two handlers call each other?"
        )

    def _progress(self) -> tuple[int, ...]:
        tables = self.database.service(self._service.name)
        return self._streams.delivered, len(self._streams.envelopes), len(tables.inbox), len(tables.letters)

    async def advance(self, seconds: float) -> None:
        """Let time pass: timers fire and held keys are tried again, each at its own instant."""
        await self.settle()
        until = self.clock() + timedelta(seconds=seconds)
        while (wake_at := self._next_wake_at()) is not None and wake_at < until:
            # By a millisecond at least: a timer that waits behind a held key is due already.
            self.clock.advance(max(0.001, (wake_at - self.clock()).total_seconds()))
            await self.settle()
        self.clock.advance(max(0.0, (until - self.clock()).total_seconds()))
        await self._keeper.tick()
        await self.settle()

    def _next_wake_at(self) -> datetime | None:
        wakes = [partition.next_wake_at(self.clock()) for partition in self._loop.partitions.values()]
        return min((wake_at for wake_at in wakes if wake_at is not None), default=None)

    def events(self, event_type: type[E]) -> list[E]:
        """The events of a type that have been published, in order."""
        return self._messages(event_type)

    def commands(self, command_type: type[C]) -> list[C]:
        """The commands of a type that have been sent, in order."""
        return self._messages(command_type)

    def jobs(self, job_type: type[J]) -> list[J]:
        """The jobs of a type that have been started, in order."""
        mine = [job.started.body for job in self.database.jobs.values() if job.service == self._service.name]
        return self._jobs.of(job_type, mine)

    async def do_jobs(self) -> None:
        """Do the jobs that wait, in this process, and those that their ends start; a failed one is tried again at once.

        What the works report and answer is handled. Those that were cancelled end as that.
        """
        while await self._jobs.do():
            await self.settle()

    def _messages(self, message_type: type[Message]) -> list[Any]:
        contracts, name = Contracts([message_type]), message_type.wire_type()
        return [contracts.decode(envelope) for envelope in self._streams.envelopes if envelope.type == name]

    async def state(self, actor: type[Actor[S]], key: str, *, tenant: str = DEFAULT_TENANT) -> S | None:
        """An actor's state as it was committed; None where there is none."""
        name = (actor.__name__, PLATFORM if actor.platform else tenant, key)
        body = (await self._store.states([name])).get(name)
        state: Any = None if body is None else msgspec.json.decode(body, type=actor.state_type())
        found: S | None = state
        return found

    def held(self) -> dict[Identity, Held]:
        """The tenants and keys that are held back now, with what waits in each."""
        return {identity: held for partition in self._loop.partitions.values() for identity, held in partition.held.items()}

    async def parked(self, key: str, *, tenant: str = DEFAULT_TENANT) -> list[ParkedRow]:
        """The dead letters of a tenant's key, each with its cause, the oldest first; of the platform itself: `PLATFORM`."""
        return await self._store.parked(self._service.topic.partition_of(key), Identity(tenant, key))


@asynccontextmanager
async def open_memory_service(
    service: Service, *, world: MemoryWorld | None = None, settings: LoopSettings = ONCE
) -> AsyncIterator[MemoryService]:
    """Run a service in memory. Its handlers may use everything but ``ctx.db``, which refuses with `SqlRefused`.

    Args:
        world: what an earlier one has left; a new one when left out.
        settings: how often a failed turn is tried; at most once when left out.
    """
    opened = MemoryService(service, world or MemoryWorld(), settings)
    await opened.start()
    yield opened
    await opened.stop()
