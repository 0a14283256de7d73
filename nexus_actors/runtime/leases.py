"""Leases: which worker owns which partitions, decided by every worker alike."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import anyio
import msgspec
from msgspec import Struct

from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.runtime.placement import place
from nexus_actors.runtime.trouble import Trouble
from nexus_actors.service import Service


class Ownership:
    """Written by the lease keeper, read by the loop.

    Attributes:
        granted: the partitions that the loop is to own, each with the generation of its lease.
        owned: those that it works on.
        doubted: generations that the loop will not work under again. A commit under one of them may still be on its way, so the
            keeper takes a new one.
        awaited: the types of events that a newer release of the service handles, and this one does not.
        astray: the loop does not reach the streams, and takes no part until it does.
        changed: called when the keeper has something to do.
    """

    def __init__(self) -> None:
        self.granted: dict[int, int] = {}
        self.owned: set[int] = set()
        self.doubted: dict[int, int] = {}
        self.awaited: frozenset[str] = frozenset()
        self.astray = False
        self.changed: Callable[[], None] = lambda: None
        self._reading: anyio.CancelScope | None = None

    def grant(self, granted: Mapping[int, int]) -> None:
        """Change what is granted; a loop that waits for messages meanwhile learns of it at once."""
        for number, generation in granted.items():
            if self.doubted.get(number, generation) != generation:
                del self.doubted[number]
        allowed = {number: generation for number, generation in granted.items() if number not in self.doubted}
        if allowed != self.granted:
            self.granted = allowed
            if self._reading is not None:
                self._reading.cancel()

    def doubt(self, generations: Mapping[int, int]) -> None:
        """Give up generations; new ones are wanted."""
        self.doubted.update(generations)
        self.granted = {number: generation for number, generation in self.granted.items() if number not in generations}
        if generations:
            self.changed()

    def own(self, numbers: set[int]) -> None:
        """The loop works on these now."""
        if numbers != self.owned:
            self.owned = numbers
            self.changed()

    def stray(self, *, astray: bool) -> None:
        """Give all partitions up, or take part again."""
        if astray != self.astray:
            self.astray = astray
            self.changed()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While the loop waits for messages. Breaking off is safe: reading takes nothing away."""
        try:
            with anyio.CancelScope() as self._reading:
                yield
        finally:
            self._reading = None

    @property
    def is_reading(self) -> bool:
        """Whether the loop waits for messages."""
        return self._reading is not None

    @property
    def settled(self) -> bool:
        """Whether the loop works on just what it was granted."""
        return set(self.granted) == self.owned


class WorkerInfo(Struct, frozen=True, kw_only=True):
    """A worker process as the others see it."""

    worker_id: str
    host: str
    pid: int
    version: str
    services: tuple[str, ...]
    started_at: datetime
    draining: bool = False


class Heartbeat(NamedTuple):
    """What a heartbeat comes back with.

    Attributes:
        live: the live workers of each service.
        renewed: the leases that were renewed.
        awaited: by service, the types of events that a newer release handles, and the one that announced itself here does not.
    """

    live: Mapping[str, Sequence[str]]
    renewed: Mapping[tuple[str, int], int]
    awaited: Mapping[str, Set[str]] = {}


class LeaseStore(Protocol):
    """Leases and workers in the database. Time is the database's own, so that workers' clocks do not matter.

    Raises (every method): `DatabaseUnavailable`.
    """

    async def beat(self, worker: WorkerInfo, lease_s: float) -> Heartbeat:
        """Say that a worker is alive, and renew all its leases, in one statement."""
        ...

    async def acquire(self, worker_id: str, service: str, partitions: Sequence[int], lease_s: float) -> dict[int, int]:
        """Take those of these partitions that are free, each under a new generation."""
        ...

    async def release(self, worker_id: str, service: str, partitions: Sequence[int]) -> None:
        """Give partitions back."""
        ...

    async def leave(self, worker_id: str) -> None:
        """Take a worker and its leases off the books."""
        ...


class LeaseKeeper:
    """Keeps the leases of all services of this worker.

    Args:
        lease_s: how long a lease lasts without renewal; the work of a worker that died waits so long.

    Attributes:
        trouble: what keeps it from renewing them.
    """

    def __init__(
        self,
        store: LeaseStore,
        worker: WorkerInfo,
        services: Sequence[Service],
        ownerships: Mapping[str, Ownership],
        clock: Callable[[], datetime],
        log: Any,  # noqa: ANN401
        lease_s: float = 5.0,
    ) -> None:
        self._store = store
        self._worker = worker
        self._services = services
        self._ownerships = ownerships
        self._clock = clock
        self._log = log
        self._lease_s = lease_s
        self._returned: dict[str, set[int]] = {service.name: set() for service in services}
        self._ticking = anyio.Lock()
        self._nudged = anyio.Event()
        self.renewed_at = clock()
        self.trouble = Trouble(log)
        for ownership in ownerships.values():
            ownership.changed = self._nudge

    def _nudge(self) -> None:
        self._nudged.set()

    @property
    def interval_s(self) -> float:
        """Three renewals in a lease time, so that one may fail."""
        return self._lease_s / 3

    async def run(self) -> None:
        """Renew and rebalance, for ever: at every interval, and when a loop has handed over or wants a new generation."""
        while True:
            await self.tick()
            with anyio.move_on_after(self.interval_s):
                await self._nudged.wait()

    async def tick(self) -> None:
        """Renew the leases once, and move towards each worker's even share."""
        async with self._ticking:
            self._nudged = anyio.Event()
            await self._tick()

    async def _tick(self) -> None:
        try:
            beat = await self._store.beat(self._eligible(), self._lease_s)
            self.renewed_at = self._clock()
            for service in self._services:
                await self._rebalance(service, beat)
            self.trouble.over()
        except DatabaseUnavailable as error:
            self.trouble.met("leases_not_renewed", error)
            if (self._clock() - self.renewed_at).total_seconds() > self._lease_s:
                for ownership in self._ownerships.values():
                    ownership.grant({})

    def _eligible(self) -> WorkerInfo:
        """This worker as the others are to see it: without the services whose loops do not reach the streams."""
        names = tuple(
            name for name in self._worker.services if not (name in self._ownerships and self._ownerships[name].astray)
        )
        return self._worker if names == self._worker.services else msgspec.structs.replace(self._worker, services=names)

    async def _rebalance(self, service: Service, beat: Heartbeat) -> None:
        ownership = self._ownerships[service.name]
        ownership.awaited = frozenset(beat.awaited.get(service.name, ()))
        renewed = {partition: g for (name, partition), g in beat.renewed.items() if name == service.name}
        doubted = sorted(number for number, generation in renewed.items() if ownership.doubted.get(number) == generation)
        if doubted:
            await self._store.release(self._worker.worker_id, service.name, doubted)
            renewed = {number: generation for number, generation in renewed.items() if number not in doubted}
        returning = self._returned[service.name]
        placed = place(service.name, service.topic.partitions, sorted(beat.live.get(service.name, ())))
        mine = {partition for partition, worker in placed.items() if worker == self._worker.worker_id}
        returning.update(renewed.keys() - mine)
        granted = {p: generation for p, generation in renewed.items() if p not in returning}
        wanted = sorted(mine - renewed.keys())
        if wanted:
            granted |= await self._store.acquire(self._worker.worker_id, service.name, wanted, self._lease_s)
        ownership.grant(granted)
        done = {partition for partition in returning if partition not in ownership.owned}
        if done:
            await self._store.release(self._worker.worker_id, service.name, sorted(done))
            returning -= done

    async def drain(self) -> None:
        """Take no more partitions, wait until the loops have handed theirs over, and leave."""
        self._worker = msgspec.structs.replace(self._worker, draining=True)
        while True:
            await self.tick()
            if not any(ownership.owned or ownership.granted for ownership in self._ownerships.values()):
                break
            await anyio.sleep(0.05)
        try:
            await self._store.leave(self._worker.worker_id)
        except DatabaseUnavailable as error:
            self._log.warning("leases_run_out", error=str(error))
