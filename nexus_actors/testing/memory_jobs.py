"""The jobs of a service in memory, done in this process when a test says so."""

from typing import Any, Final, TypeVar

import msgspec

from bus.codec import Contracts, decode_envelope
from bus.data import message_data
from bus.publisher import Outgoing, Publisher
from nexus_actors.failures.blame import blamed
from nexus_actors.jobs.child import failure
from nexus_actors.jobs.frames import Failed, Returned
from nexus_actors.jobs.job import Job
from nexus_actors.jobs.store import Claim, Ending
from nexus_actors.jobs.telling import Telling
from nexus_actors.jobs.work import GaveUp, Progress
from nexus_actors.memory import MemoryJobStore
from nexus_actors.service import Service
from nexus_actors.testing.clock import FakeClock

J = TypeVar("J", bound=Job)

_HOUR_S: Final = 3_600.0


class MemoryJobs:
    """See `nexus_actors.testing.MemoryService`."""

    def __init__(self, service: Service, store: MemoryJobStore, publisher: Publisher, clock: FakeClock) -> None:
        self._service = service
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._contracts = Contracts(service.works)

    def of(self, job_type: type[J], bodies: list[bytes]) -> list[J]:
        """The jobs of a type among some envelopes."""
        envelopes = [envelope for envelope in map(decode_envelope, bodies) if envelope.type == job_type.wire_type()]
        return [msgspec.json.decode(envelope.data, type=job_type) for envelope in envelopes]

    async def do(self) -> int:
        """Do those that wait, each as often as its work allows, and tell their ends; how many attempts that took."""
        kinds, attempts = [job.wire_type() for job in self._service.works], 0
        while (claim := await self._store.claim("memory", [self._service.name], kinds, _HOUR_S)) is not None:
            attempts += 1
            await self._attempt(claim)
        return attempts

    async def _attempt(self, claim: Claim) -> None:
        telling = Telling(self._service, self._contracts, claim, self._clock)
        if claim.cancel:
            await self._end(claim, telling, "cancelled", "", telling.gave_up(GaveUp(outcome="cancelled", error="")))
            return
        reports: list[bytes] = []

        def report(fraction: float, note: str = "") -> None:
            told = telling.progress(Progress(fraction=fraction, note=note), len(reports) + 1)
            if told is not None:
                reports.append(told)

        try:
            result: Any = telling.work.run(telling.job, report)
            done = telling.done(Returned(wire_type=type(result).wire_type(), data=message_data(result)))
        except BaseException as raised:  # noqa: BLE001 - whatever the work raises
            done, failed = None, failure(blamed(raised), telling.work.never)
        else:
            failed = Failed(error="")
        await self._publisher.publish([Outgoing(telling.stream, body) for body in reports])
        if done is not None:
            await self._end(claim, telling, "done", "", done)
        elif claim.failures + 1 < telling.work.attempts and not failed.final:
            await self._store.again(claim, failed.after_s or 0, failed.error)
        else:
            end = GaveUp(outcome="failed", error=failed.error)
            await self._end(claim, telling, "failed", failed.error, telling.gave_up(end))

    async def _end(self, claim: Claim, telling: Telling, outcome: Any, error: str, told: bytes) -> None:  # noqa: ANN401
        await self._store.end(claim, Ending(outcome, error, told), _HOUR_S)
        await self._publisher.publish([Outgoing(telling.stream, told)])
