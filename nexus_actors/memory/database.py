"""What the memory stores share: the tables of the runtime, as values of this process."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import count
from typing import Final, Literal
from uuid import UUID

import anyio
from msgspec import Struct

from bus import StreamName
from bus.position import Position
from nexus_actors.context import JobStart, TimerSet
from nexus_actors.errors import NexusError
from nexus_actors.memory.storable import check_commit
from nexus_actors.runtime.leases import WorkerInfo
from nexus_actors.runtime.store import Commit, Known, LeaseLost, OutboxRow, ParkedRow

Point = Literal["statement", "commit", "committed"]
"""Where something may go wrong: before any statement but a commit, before a commit, and after it but before its answer."""

LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class AlreadyHandled(NexusError):
    """A message of a commit is in the inbox already. Nothing was written."""


class Lease(Struct):
    """See the table ``nexus.leases``."""

    owner: str | None = None
    generation: int = 0
    expires_at: datetime = LONG_AGO
    published_seq: int = 0
    safe_seq: int = 0
    history: str = ""


class Published(Struct, frozen=True):
    """A row of an outbox, and when it was committed."""

    row: OutboxRow
    committed_at: datetime


class Letter(Struct):
    """A dead letter. They stand in the order of parking."""

    row: ParkedRow
    released: bool = False


class Worker(Struct):
    """A worker, and when it was last heard of."""

    info: WorkerInfo
    seen_at: datetime


class Release(Struct):
    """See the table ``nexus.releases``."""

    events: frozenset[str]
    first_seen_at: datetime
    seen_at: datetime


class JobRow(Struct):
    """See the table ``nexus.jobs``."""

    service: str
    started: JobStart
    created_at: datetime
    place: int
    status: Literal["queued", "running", "done", "failed", "cancelled"] = "queued"
    owner: str = ""
    generation: int = 0
    lease_until: datetime = LONG_AGO
    not_before: datetime = LONG_AGO
    failures: int = 0
    losses: int = 0
    fraction: float = 0.0
    note: str = ""
    error: str = ""
    cancel_requested: bool = False
    report: bytes | None = None
    reported: bool = False
    report_at: datetime | None = None
    report_wait_s: float = 0.0
    ended_at: datetime | None = None


class ServiceTables:
    """What the schema of one service holds of the runtime's tables, and its dead letters and checkpoints."""

    def __init__(self) -> None:
        self.inbox: dict[UUID, Known] = {}
        self.states: dict[tuple[str, str, str], bytes] = {}
        self.outbox: dict[int, list[Published]] = {}
        self.timers: dict[tuple[str, str, str], tuple[int, TimerSet]] = {}
        self.letters: dict[UUID, Letter] = {}
        self.checkpoints: dict[StreamName, Position] = {}


class MemoryDatabase:
    """The tables of the runtime. Workers in one process that are given the same one share them.

    A commit is checked as a whole before anything is written, and written without a pause: it takes effect all or not at all.

    Args:
        clock: the database's own time, UTC: leases expire by it.

    Attributes:
        at: awaited at each `Point`, with the name of the service (empty where none is concerned). Tests replace it: one that
            raises `DatabaseUnavailable` loses the connection there (at ``committed``: although the commit took effect), and
            one that waits holds the caller up.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.at: Callable[[Point, str], Awaitable[None]] = _nothing
        self.leases: dict[tuple[str, int], Lease] = {}
        self.workers: dict[str, Worker] = {}
        self.releases: dict[tuple[str, str], Release] = {}
        self.jobs: dict[UUID, JobRow] = {}
        self._jobs_started = count()
        self._services: dict[str, ServiceTables] = {}

    def service(self, name: str) -> ServiceTables:
        """The tables of a service."""
        return self._services.setdefault(name, ServiceTables())

    @property
    def services(self) -> dict[str, ServiceTables]:
        """The tables of all services that have any."""
        return self._services

    async def reach(self, point: Point, service: str = "") -> None:
        """Let others run, and let a test interfere."""
        await anyio.lowlevel.checkpoint()
        await self.at(point, service)

    def write(self, service: str, commit: Commit) -> None:
        """Write a commit as ``commit_turns`` does.

        Raises:
            LeaseLost: a generation is not the current one.
            AlreadyHandled: a message is in the inbox already.
            ValueError: it writes one state twice.
            NotStorable: PostgreSQL would refuse a value.
        """
        check_commit(commit)
        self.check_fences(service, commit)
        tables = self.service(service)
        self.check_inbox(tables, commit)
        if len({(row.actor, row.tenant, row.key) for row in commit.states}) < len(commit.states):
            raise ValueError(f"A commit of {service} writes one state twice. Give each actor, tenant and key once.")
        for number, fence in commit.fences.items():
            lease = self.leases[service, number]
            lease.published_seq, lease.safe_seq, lease.history = fence.published_seq, fence.safe_seq, fence.history
        self._write_timers(tables, commit)
        _write_letters(tables, commit)
        tables.checkpoints |= commit.checkpoints
        tables.inbox.update((row.message_id, Known(row.fingerprint, row.answer)) for row in commit.inbox)
        for name in commit.states_gone:
            tables.states.pop(name, None)
        tables.states.update(((row.actor, row.tenant, row.key), row.body) for row in commit.states)
        now = self.clock()
        for row in commit.outbox:
            tables.outbox.setdefault(row.partition, []).append(Published(row, now))
        self._write_jobs(service, commit, now)

    def check_fences(self, service: str, commit: Commit) -> None:
        """See `write`."""
        for number, fence in commit.fences.items():
            lease = self.leases.get((service, number))
            if lease is None or lease.generation != fence.generation:
                raise LeaseLost(f"{service}: partition {number} has another owner now.")

    def check_inbox(self, tables: ServiceTables, commit: Commit) -> None:
        """See `write`."""
        ids = [row.message_id for row in commit.inbox]
        if len(set(ids)) < len(ids) or not tables.inbox.keys().isdisjoint(ids):
            raise AlreadyHandled("A message of this commit is in the inbox already. Ask the inbox before handling.")

    def _write_jobs(self, service: str, commit: Commit, now: datetime) -> None:
        for started in commit.jobs:
            self.jobs[started.job_id] = JobRow(service, started, now, next(self._jobs_started))
        for cancelled in commit.cancelled:
            job = self.jobs.get(cancelled.job_id)
            if job and job.service == service and job.status in {"queued", "running"}:
                job.cancel_requested |= (job.started.tenant, job.started.key) == (cancelled.tenant, cancelled.key)

    def _write_timers(self, tables: ServiceTables, commit: Commit) -> None:
        for tenant, key, name, message_id in commit.timers_gone:
            found = tables.timers.get((tenant, key, name))
            if found is not None and message_id in {None, found[1].message_id}:
                del tables.timers[tenant, key, name]
        tables.timers.update(((timer.tenant, timer.key, timer.name), (number, timer)) for number, timer in commit.timers)


def _write_letters(tables: ServiceTables, commit: Commit) -> None:
    for message_id in commit.unparked:
        tables.letters.pop(message_id, None)
    released = set(commit.released)
    for letter in tables.letters.values():
        letter.released |= (letter.row.partition, letter.row.identity) in released
    kept = {(row.partition, row.identity) for row in commit.parked}
    for letter in tables.letters.values():
        letter.released &= (letter.row.partition, letter.row.identity) not in kept
    for row in commit.parked:
        letter = tables.letters.setdefault(row.message_id, Letter(row))
        if not row.behind:
            letter.row = row


async def _nothing(point: Point, service: str) -> None:
    """Nothing goes wrong."""
