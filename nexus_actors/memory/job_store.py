"""The in-memory twin of the job store; see `nexus_actors.jobs.store`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from nexus_actors.jobs.store import Claim, Ending, Kept, Loss, Untold, report_id
from nexus_actors.memory.database import LONG_AGO, JobRow, MemoryDatabase
from nexus_actors.memory.storable import check


class MemoryJobStore:
    """Jobs in memory, whose leases expire by the database's clock."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def claim(
        self, worker_id: str, services: Sequence[str], kinds: Sequence[str], lease_s: float, *, cancelled_only: bool = False
    ) -> Claim | None:
        """See `JobStore.claim`."""
        await self._database.reach("statement")
        now = self._database.clock()
        due = [
            job
            for job in self._database.jobs.values()
            if (job.status, job.service in services, job.started.kind in kinds) == ("queued", True, True)
            and (job.cancel_requested or (job.not_before <= now and not cancelled_only))
        ]
        if not due:
            return None
        job = min(due, key=lambda job: (services.index(job.service), job.created_at, job.place))
        job.status, job.owner, job.lease_until = "running", worker_id, now + timedelta(seconds=lease_s)
        job.generation += 1
        job.fraction, job.note = 0.0, ""
        started = job.started
        return Claim(
            job.service,
            started.job_id,
            started.kind,
            started.key,
            started.tenant,
            started.body,
            job.generation,
            job.failures,
            job.losses,
            job.cancel_requested,
        )

    async def renew(self, worker_id: str, kept: Sequence[Kept], lease_s: float) -> Mapping[UUID, bool]:
        """See `JobStore.renew`."""
        await self._database.reach("statement")
        check(*(wanted.note for wanted in kept))
        held: dict[UUID, bool] = {}
        for wanted in kept:
            job = self._database.jobs.get(wanted.job_id)
            if job and (job.owner, job.status, job.generation) == (worker_id, "running", wanted.generation):
                job.lease_until = self._database.clock() + timedelta(seconds=lease_s)
                job.fraction, job.note = wanted.fraction, wanted.note
                held[wanted.job_id] = job.cancel_requested
        return held

    async def end(self, claim: Claim, ending: Ending, tell_again_s: float) -> bool:
        """See `JobStore.end`."""
        await self._database.reach("statement", claim.service)
        check(ending.error)
        job = self._current(claim, "running", ending.outcome)
        if job is None or job.reported:
            return False
        now = self._database.clock()
        job.status, job.error, job.report, job.owner = ending.outcome, ending.error, ending.report, ""
        job.failures = max(job.failures, ending.failures)
        job.fraction = 1.0 if ending.outcome == "done" else job.fraction
        job.ended_at = job.ended_at or now
        job.reported = ending.report is None
        job.report_at = None if job.reported else now + timedelta(seconds=tell_again_s)
        job.report_wait_s = tell_again_s
        return True

    async def again(self, claim: Claim, wait_s: float, error: str) -> bool:
        """See `JobStore.again`."""
        await self._database.reach("statement", claim.service)
        check(error)
        job = self._current(claim, "running")
        if job is None:
            return False
        job.status, job.owner, job.error = "queued", "", error
        job.failures += 1
        job.not_before = self._database.clock() + timedelta(seconds=wait_s)
        return True

    async def hand_back(self, claim: Claim, wait_s: float = 0.0) -> bool:
        """See `JobStore.hand_back`."""
        await self._database.reach("statement", claim.service)
        job = self._current(claim, "running")
        if job is None:
            return False
        job.status, job.owner = "queued", ""
        job.not_before = self._database.clock() + timedelta(seconds=wait_s) if wait_s > 0 else LONG_AGO
        return True

    async def recover(self, services: Sequence[str]) -> Sequence[Loss]:
        """See `JobStore.recover`."""
        await self._database.reach("statement")
        now = self._database.clock()
        lost: list[Loss] = []
        for job_id, job in self._database.jobs.items():
            if job.status == "running" and job.lease_until < now and job.service in services:
                lost.append(Loss(job.service, job_id, job.started.kind, job.owner, job.losses + 1))
                job.status, job.owner = "queued", ""
                job.losses += 1
        return lost

    async def untold(self, services: Sequence[str], limit: int, longest_s: float) -> Sequence[Untold]:
        """See `JobStore.untold`."""
        await self._database.reach("statement")
        now = self._database.clock()
        due = [j for j in self._database.jobs.values() if j.report_at and j.report_at <= now and j.service in services]
        found: list[Untold] = []
        for job in sorted(due, key=lambda job: job.report_at or now)[:limit]:
            job.report_wait_s = min(longest_s, 2 * job.report_wait_s)
            job.report_at = now + timedelta(seconds=job.report_wait_s)
            settled = report_id(job.started.job_id) in self._database.service(job.service).letters
            found.append(Untold(job.service, job.started.job_id, job.started.key, job.report or b"", settled))
        return found

    async def told(self, job_ids: Sequence[UUID]) -> None:
        """See `JobStore.told`."""
        await self._database.reach("statement")
        for job_id in job_ids:
            if job_id in self._database.jobs:
                job = self._database.jobs[job_id]
                job.reported, job.report_at = True, None

    async def queued(self, services: Sequence[str]) -> Mapping[str, int]:
        """See `JobStore.queued`."""
        await self._database.reach("statement")
        waiting = [job.service for job in self._database.jobs.values() if job.status == "queued"]
        return {service: count for service, count in Counter(waiting).items() if service in services}

    async def forget(self, after_s: float) -> int:
        """See `JobStore.forget`."""
        await self._database.reach("statement")
        before = self._database.clock() - timedelta(seconds=after_s)
        jobs = self._database.jobs
        gone = [job_id for job_id, job in jobs.items() if job.reported and job.ended_at and job.ended_at < before]
        for job_id in gone:
            del jobs[job_id]
        return len(gone)

    def _current(self, claim: Claim, *statuses: str) -> JobRow | None:
        """The job, while what a claim says of it is still so."""
        job = self._database.jobs.get(claim.job_id)
        return job if job and job.generation == claim.generation and job.status in statuses else None
