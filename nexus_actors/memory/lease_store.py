"""The in-memory twin of the lease store; see `nexus_actors.runtime.leases`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from bus import StreamName
from bus.position import START
from nexus_actors.memory.database import LONG_AGO, Lease, MemoryDatabase, Release, Worker
from nexus_actors.runtime.leases import Heartbeat, WorkerInfo
from nexus_actors.runtime.placement import check_partitions
from nexus_actors.runtime.releases import LIVES_S, REMEMBERED_S, Heard, events_mark


class MemoryLeaseStore:
    """Leases in memory, which expire by the database's clock."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self._announced: dict[str, str] = {}

    async def register(
        self, service: str, partitions: int, streams: Sequence[StreamName], others: Mapping[str, int] | None = None
    ) -> None:
        """See `nexus_actors.postgres.lease_store.PostgresLeaseStore.register`."""
        await self._database.reach("statement", service)
        registered = Counter(name for name, _ in self._database.leases)
        check_partitions(service, {**(others or {}), service: partitions}, registered)
        for number in range(partitions):
            self._database.leases.setdefault((service, number), Lease())
        for stream in streams:
            self._database.service(service).checkpoints.setdefault(stream, START)

    async def announce(self, service: str, events: Sequence[str]) -> datetime | None:
        """See `ReleaseBook.announce`."""
        await self._database.reach("statement", service)
        now, mark = self._database.clock(), events_mark(events)
        self._announced[service] = mark
        known = self._database.releases.get((service, mark))
        if known is not None:
            known.seen_at = now
            return None
        self._database.releases[service, mark] = Release(frozenset(events), now, now)
        return now

    async def heard(self, service: str, lease_s: float) -> Heard:
        """See `ReleaseBook.heard`."""
        await self._database.reach("statement", service)
        now = self._database.clock()
        workers = [w for w in self._database.workers.values() if service in w.info.services and not w.info.draining]
        live = [worker.seen_at for worker in workers if worker.seen_at > now - timedelta(seconds=lease_s)]
        return Heard(now, min(live, default=None))

    def _awaited(self, now: datetime) -> dict[str, set[str]]:
        live_at, awaited = now - timedelta(seconds=LIVES_S), dict[str, set[str]]()
        for service, mark in self._announced.items():
            own = self._database.releases[service, mark]
            for (name, _), other in self._database.releases.items():
                if name == service and other.first_seen_at > own.first_seen_at and other.seen_at > live_at:
                    awaited.setdefault(service, set()).update(other.events - own.events)
        return awaited

    async def beat(self, worker: WorkerInfo, lease_s: float) -> Heartbeat:
        """See `LeaseStore.beat`."""
        await self._database.reach("statement")
        now = self._database.clock()
        known = self._database.workers.setdefault(worker.worker_id, Worker(worker, now))
        known.info = msgspec.structs.replace(known.info, draining=worker.draining, services=worker.services)
        known.seen_at = now
        renewed: dict[tuple[str, int], int] = {}
        for name, lease in self._database.leases.items():
            if lease.owner == worker.worker_id:
                lease.expires_at = now + timedelta(seconds=lease_s)
                renewed[name] = lease.generation
        live: dict[str, list[str]] = {}
        for other in self._database.workers.values():
            if other is known or (not other.info.draining and other.seen_at > now - timedelta(seconds=lease_s)):
                for service in () if other.info.draining else other.info.services:
                    live.setdefault(service, []).append(other.info.worker_id)
        return Heartbeat(live, renewed, self._awaited(now))

    async def acquire(self, worker_id: str, service: str, partitions: Sequence[int], lease_s: float) -> dict[int, int]:
        """See `LeaseStore.acquire`."""
        await self._database.reach("statement", service)
        now = self._database.clock()
        taken: dict[int, int] = {}
        for number in sorted(set(partitions)):
            lease = self._database.leases.get((service, number))
            if lease is not None and (lease.owner is None or lease.expires_at < now):
                lease.owner, lease.expires_at = worker_id, now + timedelta(seconds=lease_s)
                lease.generation += 1
                taken[number] = lease.generation
        return taken

    async def release(self, worker_id: str, service: str, partitions: Sequence[int]) -> None:
        """See `LeaseStore.release`."""
        await self._database.reach("statement", service)
        for number in partitions:
            lease = self._database.leases.get((service, number))
            if lease is not None and lease.owner == worker_id:
                lease.owner, lease.expires_at = None, LONG_AGO

    async def leave(self, worker_id: str) -> None:
        """See `LeaseStore.leave`."""
        await self._database.reach("statement")
        self._database.workers.pop(worker_id, None)
        for lease in self._database.leases.values():
            if lease.owner == worker_id:
                lease.owner, lease.expires_at = None, LONG_AGO

    async def forget(self, after_s: float) -> None:
        """Take workers off the books that have not been seen for so long, and releases for `REMEMBERED_S`."""
        await self._database.reach("statement")
        since = self._database.clock() - timedelta(seconds=after_s)
        gone = [name for name, worker in self._database.workers.items() if worker.seen_at < since]
        for name in gone:
            del self._database.workers[name]
        old = self._database.clock() - timedelta(seconds=REMEMBERED_S)
        for forgotten in [name for name, release in self._database.releases.items() if release.seen_at < old]:
            del self._database.releases[forgotten]
