"""One run: servers, workers, a client, an operator; disorder for a while, then quiet until everything is at rest."""

from datetime import datetime, timedelta
from itertools import cycle
from random import Random
from uuid import UUID

import anyio
from anyio.abc import TaskGroup
from msgspec import Struct

from bus import BusError, StreamName, Topic
from bus.codec import encode_envelope
from bus.envelope import Envelope, seal
from bus.ids import id_at
from bus.publisher import Outgoing, Publisher
from nexus_actors.identity import Identity
from nexus_actors.memory import MemoryDatabase, MemoryLeaseStore
from nexus_actors.runtime.own_commands import ReleaseKey
from nexus_actors.service import Service
from tests.poison import WAYS, poison
from tests.simulation.adapters import FarStreams
from tests.simulation.network import Line, Network, Weather
from tests.simulation.trace import Trace
from tests.simulation.walkers import WALKERS, Step, follower_service, walker_service
from tests.simulation.watched import WatchedStreams
from tests.simulation.worker import BEGAN_AT, SimWorker

REPLIES = StreamName("{replies:client}:replies")
_ANSWERED_WITHIN_S = 4.0


class World:
    """Everything in one run.

    Attributes:
        stumbles: how likely a turn fails.
        sent: the ids of the steps of each walker, in order.
    """

    def __init__(self, chance: Random, tasks: TaskGroup) -> None:
        self.chance = chance
        self.trace = Trace()
        self.stumbles = 0.0
        self._ways = cycle(WAYS)
        self.sent: dict[Identity, list[UUID]] = {}
        self.workers: list[SimWorker] = []
        self.services = [walker_service(self._stumble), follower_service(self._stumble)]
        self.database = MemoryDatabase(self.now)
        self.streams = WatchedStreams(self.stream_ms, self.database, self.readers)
        self.stream_skew_ms = 0
        self.network = Network(tasks, chance, self.trace)
        self._tasks = tasks
        self._publisher = Publisher(FarStreams(self.network, Line("client"), self.streams))

    def now(self) -> datetime:
        """The true time."""
        return BEGAN_AT + timedelta(seconds=anyio.current_time())

    def stream_ms(self) -> int:
        return round(self.now().timestamp() * 1_000) + self.stream_skew_ms

    def _stumble(self, state: Struct) -> None:
        """Let a turn fail now and then, in each way in turn: if chance said which, old seeds would mean other runs."""
        if self.chance.random() < self.stumbles:
            poison(next(self._ways), state)

    def readers(self, stream: StreamName) -> list[str]:
        """The services that read a stream."""
        return [service.name for service in self.services if stream in _streams(service)]

    async def register(self) -> None:
        """Make the services known to the database."""
        leases = MemoryLeaseStore(self.database)
        for service in self.services:
            await leases.register(service.name, service.topic.partitions, _streams(service))

    def start_worker(self) -> SimWorker:
        """One more worker."""
        name = f"worker-{len(self.workers)}"
        worker = SimWorker(name, self.services, self.network, self.database, self.streams, self.chance, self.trace)
        self.workers.append(worker)
        self._tasks.start_soon(worker.run)
        self.trace.note(name, "started")
        return worker

    @property
    def living(self) -> list[SimWorker]:
        """The workers that are not dead."""
        return [worker for worker in self.workers if worker.alive]

    async def walk(self, walker: Identity, steps: int) -> None:
        """Ask for all steps of a walker, some at a time, in order, again until each is handled: what callers do."""
        ids = self.sent[walker] = [id_at(self.now(), self.chance.getrandbits(80)) for _ in range(steps)]
        done = 0
        while done < steps:
            until = min(steps, done + self.chance.randint(1, 4))
            await self._ask([self._step(walker, n, ids[n]) for n in range(done, until)])
            done = until
            await anyio.sleep(self.chance.expovariate(1.0))

    def _step(self, walker: Identity, n: int, message_id: UUID) -> Envelope:
        envelope = seal(Step(walker=walker.key, n=n), message_id=message_id, source="client", now=self.now())
        return envelope.replace(replyto=REPLIES, tenant=walker.tenant)

    async def _ask(self, envelopes: list[Envelope]) -> None:
        inbox = self.database.service("walker-ms").inbox
        stream = WALKERS.stream("commands", WALKERS.partition_of(envelopes[0].subject))
        while any(envelope.id not in inbox for envelope in envelopes):
            again = self.chance.random() < 0.1
            await self._publish(stream, [*envelopes, *(envelopes if again else ())])
            with anyio.move_on_after(_ANSWERED_WITHIN_S):
                while any(envelope.id not in inbox for envelope in envelopes):  # noqa: ASYNC110 - time is virtual
                    await anyio.sleep(0.2)

    async def _publish(self, stream: StreamName, envelopes: list[Envelope]) -> None:
        try:
            await self._publisher.publish([Outgoing(stream, encode_envelope(envelope)) for envelope in envelopes])
        except BusError:
            self.trace.note("client", "not confirmed")

    async def operate(self) -> None:
        """Let parked keys go on, for ever."""
        while True:
            await anyio.sleep(1.5)
            for service in self.services:
                letters = self.database.service(service.name).letters.values()
                keys = {(letter.row.partition, letter.row.identity): None for letter in letters if not letter.released}
                for partition, identity in keys:
                    await self._release(service.topic, partition, identity)

    async def _release(self, topic: Topic, partition: int, identity: Identity) -> None:
        message_id = id_at(self.now(), self.chance.getrandbits(80))
        release = ReleaseKey(key=identity.key, tenant=identity.tenant)
        envelope = seal(release, message_id=message_id, source="operator", now=self.now())
        await self._publish(topic.stream("commands", partition), [envelope])

    def taken(self, walker: Identity) -> list[UUID]:
        """The steps of a walker that are known to be handled."""
        inbox = self.database.service("walker-ms").inbox
        return [message_id for message_id in self.sent[walker] if message_id in inbox]

    def calm(self) -> None:
        """Let nothing go wrong any more."""
        self.trace.note("world", "calm")
        self.stumbles = 0.0
        self.network.weather = Weather()
        for worker in self.workers:
            worker.line.thaw()


def _streams(service: Service) -> list[StreamName]:
    return [stream for number in range(service.topic.partitions) for stream in service.streams(number)]
