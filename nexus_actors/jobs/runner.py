"""The runner: has the jobs of a worker's services done, so many at a time."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from time import monotonic
from typing import Any, Final, TypeVar
from uuid import UUID

import anyio
from anyio.abc import TaskGroup
from msgspec import Struct

from bus import NewerRelease
from bus.codec import Contracts
from bus.publisher import Publisher
from bus.text import error_text, storable
from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.failures.blame import blamed
from nexus_actors.failures.redaction import redact_text
from nexus_actors.jobs.announcer import Announcer, Inbox
from nexus_actors.jobs.attempt import Attempt, Verdict
from nexus_actors.jobs.bell import Bell
from nexus_actors.jobs.frames import LONGEST_ENVELOPE
from nexus_actors.jobs.store import Claim, Ending, JobStore
from nexus_actors.jobs.telling import Telling
from nexus_actors.jobs.work import GaveUp
from nexus_actors.retry import RetryPolicy
from nexus_actors.runtime.trouble import Trouble
from nexus_actors.service import Service
from nexus_actors.telemetry.metrics import ServiceMetrics

MOST_LOSSES: Final = 10
"""A job whose lease has expired so often is given up: it seems to take its workers down with it."""
LOOK_S: Final = 1.0
TELL_AGAIN_S: Final = 2.0
_RETRY_S: Final = 1.0
_NEWER_WAIT_S: Final = 5.0
_LONGEST_ERROR: Final = 4_000

T = TypeVar("T")


class JobSettings(Struct, frozen=True, kw_only=True):
    """How jobs are done.

    Attributes:
        slots: at most so many at a time.
        lease_s: a job whose worker has not been heard of for so long is done by another one.
        retry: the waits between two attempts. How many there are, the work says.
    """

    slots: int = 1
    lease_s: float = 5.0
    retry: RetryPolicy = RetryPolicy()


class Hosted(Struct, frozen=True):
    """A service whose jobs are done here."""

    service: Service
    inbox: Inbox
    metrics: ServiceMetrics


class JobRunner:
    """See the module.

    Args:
        hosted: services with works, by name.
        publisher: appends to streams without a limit: what it publishes has been accepted long ago.
        clock: the time, UTC; chance: a random number in [0, 1).
    """

    def __init__(
        self,
        worker_id: str,
        hosted: Mapping[str, Hosted],
        *,
        store: JobStore,
        publisher: Publisher,
        bell: Bell,
        settings: JobSettings,
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        log: Any,  # noqa: ANN401
    ) -> None:
        self._worker_id = worker_id
        self._hosted = hosted
        self._store = store
        self._bell = bell
        self._settings = settings
        self._clock = clock
        self._chance = chance
        self._log = log
        self._troubles = {what: Trouble(log) for what in ("take", "renew", "look", "write")}
        self._announcer = Announcer(store, publisher, {name: (h.service, h.inbox) for name, h in hosted.items()}, log)
        self._contracts = {name: Contracts(host.service.works) for name, host in hosted.items()}
        self._kinds = [kind for host in hosted.values() for job in host.service.works for kind in _kinds(job)]
        self._order = sorted(hosted)
        self._attempts: dict[UUID, Attempt] = {}
        self._draining = False
        self._taking = anyio.Lock()
        self._changed = anyio.Event()

    async def run(self) -> None:
        """Do jobs until `drain`, and look after those of workers that are gone."""
        self._attempts.clear()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._keep)
            tasks.start_soon(self._look_back)
            await self._take(tasks)

    async def drain(self) -> None:
        """Take no more jobs, and hand those under way back: another worker begins them again."""
        async with self._taking:  # what was being taken is among the attempts then
            self._draining = True
        while self._attempts:
            for attempt in self._attempts.values():
                attempt.drain()
            changed = self._changed
            await changed.wait()

    async def _take(self, tasks: TaskGroup) -> None:
        """Take jobs when there are any; whoever starts one on this worker rings the bell, others are found soon."""
        while True:
            rung = self._bell.listen()
            try:
                while await self._take_one(tasks):
                    self._show_running()
                self._troubles["take"].over()
            except DatabaseUnavailable as error:
                self._troubles["take"].met("jobs_not_taken", error)
            with anyio.move_on_after(LOOK_S):
                await rung.wait()

    async def _take_one(self, tasks: TaskGroup) -> bool:
        async with self._taking:
            if self._draining:
                return False
            full = len(self._attempts) >= self._settings.slots
            asked_at, lease_s = monotonic(), self._settings.lease_s
            claim = await self._store.claim(self._worker_id, self._order, self._kinds, lease_s, cancelled_only=full)
            if claim is None:
                return False
            self._order.remove(claim.service)
            self._order.append(claim.service)
            tasks.start_soon(self._do, claim, self._prepare(claim, asked_at + lease_s))
            return True

    def _prepare(self, claim: Claim, valid_until: float) -> Attempt | Verdict:
        """What is to become of a job: an attempt, or its end at once."""
        log = self._log.bind(service=claim.service, job_id=str(claim.job_id), type=claim.kind, key=claim.key)
        if claim.cancel:
            return Verdict(kind="cancelled")
        if claim.losses >= MOST_LOSSES:
            return Verdict(kind="failed", error=f"{claim.losses} workers died or froze while they did it.", final=True)
        if len(claim.body) > LONGEST_ENVELOPE:  # started by an earlier release
            return Verdict(
                kind="failed", error=f"The job has {len(claim.body):,} bytes, too many to be handed over.", final=True
            )
        try:
            telling = self._telling(claim)
        except NewerRelease as error:
            return Verdict(kind="newer", error=str(error))
        except Exception as error:  # noqa: BLE001 - its work's own code is called here
            return Verdict(kind="failed", error=f"The job cannot be read: {error_text(error)}", final=True)

        async def publish(body: bytes) -> None:
            await self._announcer.publish([(telling.stream, body)])

        attempt = self._attempts[claim.job_id] = Attempt(claim, telling, valid_until, publish, log)
        log.info("job_started", generation=claim.generation, failures=claim.failures, losses=claim.losses)
        return attempt

    def _telling(self, claim: Claim) -> Telling:
        return Telling(self._hosted[claim.service].service, self._contracts[claim.service], claim, self._clock)

    async def _do(self, claim: Claim, decided: Attempt | Verdict) -> None:
        log = self._log.bind(service=claim.service, job_id=str(claim.job_id), type=claim.kind, key=claim.key)
        began_at = monotonic()
        try:
            verdict = await decided.run() if isinstance(decided, Attempt) else decided
            took_s = monotonic() - began_at
            if isinstance(decided, Attempt):
                self._hosted[claim.service].metrics.job_took(claim.kind, took_s)
            await self._settle(claim, verdict, log.bind(seconds=round(took_s, 3)))
        except BaseException as error:
            # Its lease runs out, and it is begun again.
            log.exception("job_runner_broke", error=error_text(blamed(error)))
        finally:
            self._attempts.pop(claim.job_id, None)
            self._show_running()
            changed, self._changed = self._changed, anyio.Event()
            changed.set()
            self._bell.ring()

    async def _settle(self, claim: Claim, verdict: Verdict, log: Any) -> None:  # noqa: ANN401
        """Write down how an attempt went, unless the job is another worker's."""
        error = storable(redact_text(verdict.error), _LONGEST_ERROR)
        if verdict.kind == "done":
            await self._end(claim, Ending("done", "", verdict.report), log)
        elif verdict.kind == "cancelled":
            await self._end(claim, self._without_result(claim, GaveUp(outcome="cancelled", error=""), log), log)
        elif verdict.kind == "drained":
            if await self._insist(lambda: self._store.hand_back(claim)):
                log.info("job_handed_back")
        elif verdict.kind == "newer":
            if await self._insist(lambda: self._store.hand_back(claim, _NEWER_WAIT_S)):
                log.warning("job_waits", reason=error, wait_s=_NEWER_WAIT_S)
        elif verdict.kind == "failed":
            wait_s = None if verdict.final else self._wait_s(claim, verdict.after_s)
            if wait_s is None:
                await self._end(claim, self._without_result(claim, GaveUp(outcome="failed", error=error), log), log)
            elif await self._insist(lambda: self._store.again(claim, wait_s, error)):
                log.warning("job_failed", error=error, failures=claim.failures + 1, wait_s=round(wait_s, 3))
        else:
            log.warning("job_let_go", error="The lease ran out: whoever has the job now begins it again.")

    def _wait_s(self, claim: Claim, asked_s: float | None) -> float | None:
        """How long to wait for the next attempt, where the work has not said so; None where there is none."""
        failures = claim.failures + 1
        if failures >= self._telling(claim).work.attempts:
            return None
        if asked_s is not None:
            return asked_s
        retry = self._settings.retry
        endless = RetryPolicy(max_attempts=failures + 1, base_s=retry.base_s, max_s=retry.max_s, jitter=retry.jitter)
        return endless.wait_s(failures, self._chance())

    def _without_result(self, claim: Claim, end: GaveUp, log: Any) -> Ending:  # noqa: ANN401
        failures = claim.failures + (end.outcome == "failed" and claim.losses < MOST_LOSSES)
        try:
            return Ending(end.outcome, end.error, self._telling(claim).gave_up(end), failures)
        except Exception as fault:
            log.exception("job_end_cannot_be_told", error=error_text(fault))
            error = f"{end.error} Its actor was not told: {type(fault).__name__}: {error_text(fault)}".strip()
            return Ending(end.outcome, storable(error, _LONGEST_ERROR), None, failures)

    async def _end(self, claim: Claim, ending: Ending, log: Any) -> None:  # noqa: ANN401
        if not await self._insist(lambda: self._store.end(claim, ending, TELL_AGAIN_S)):
            log.warning("job_let_go", error="Another worker has it: its end is for that one to tell.")
            return
        self._hosted[claim.service].metrics.job_ended(claim.kind, ending.outcome)
        log.info("job_ended", outcome=ending.outcome, error=ending.error)
        if ending.report is not None:
            await self._announcer.announce(claim.service, claim.key, ending.report)

    async def _insist(self, write: Callable[[], Awaitable[T]]) -> T:
        """Write until the database has answered."""
        while True:
            try:
                written = await write()
            except DatabaseUnavailable as error:
                self._troubles["write"].met("job_not_written", error)
                await anyio.sleep(_RETRY_S)
            else:
                self._troubles["write"].over()
                return written

    async def _keep(self) -> None:
        """Renew the leases of all jobs, three times in a lease and when the bell rings: a job may have been cancelled."""
        while True:
            rung = self._bell.listen()
            await self._renew()
            with anyio.move_on_after(self._settings.lease_s / 3):
                await rung.wait()

    async def _renew(self) -> None:
        attempts = dict(self._attempts)
        if not attempts:
            return
        asked_at = monotonic()
        try:
            held = await self._store.renew(self._worker_id, [a.kept for a in attempts.values()], self._settings.lease_s)
        except DatabaseUnavailable as error:
            self._troubles["renew"].met("jobs_not_renewed", error)
            return
        self._troubles["renew"].over()
        for job_id, attempt in attempts.items():
            if job_id in held:
                await attempt.renewed(asked_at + self._settings.lease_s, cancel=held[job_id])
            else:
                attempt.lose()

    async def _look_back(self) -> None:
        """Queue again what other workers have lost, and see to it that ends are told."""
        while True:
            try:
                for loss in await self._store.recover(self._order):
                    told = {"service": loss.service, "job_id": str(loss.job_id), "type": loss.kind}
                    self._log.warning("job_lost", **told, owner=loss.owner, losses=loss.losses)
                    self._bell.ring()
                await self._announcer.tell_again(self._order)
                queued = await self._store.queued(self._order)
                for name, host in self._hosted.items():
                    host.metrics.jobs_wait(queued.get(name, 0))
                self._troubles["look"].over()
            except DatabaseUnavailable as error:
                self._troubles["look"].met("jobs_not_looked_after", error)
            await anyio.sleep(self._settings.lease_s / 3)

    def _show_running(self) -> None:
        running = Counter(attempt.claim.service for attempt in self._attempts.values())
        for name, host in self._hosted.items():
            host.metrics.jobs_run(running[name])


def _kinds(job: Any) -> list[str]:  # noqa: ANN401 - a type of job
    """The wire types of a job that this release reads: its own and the older ones. A newer one is left to newer workers."""
    base = job.wire_type().rpartition(".v")[0]
    return [f"{base}.v{version}" for version in range(1, job.version + 1)]
