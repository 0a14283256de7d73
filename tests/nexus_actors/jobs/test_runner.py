"""The runner over a store in memory. Its jobs are cancelled ones: they end without a process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import anyio
import pytest
import structlog

from bus import new_id
from bus.codec import encode_envelope
from bus.envelope import seal
from bus.memory import MemoryStreamStore
from bus.publisher import Publisher
from nexus_actors import Job, Service, ServiceEntry
from nexus_actors.context import JobCancel, JobStart
from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.jobs.bell import Bell
from nexus_actors.jobs.runner import Hosted, JobRunner, JobSettings
from nexus_actors.memory import MemoryDatabase, MemoryJobStore, MemoryTurnStore, Point
from nexus_actors.runtime.store import Commit
from nexus_actors.telemetry.metrics import Metrics
from nexus_actors.testing import FakeClock
from tests.nexus_actors.jobs.studio.contract import Mix
from tests.nexus_actors.jobs.studio.service import service as studio
from tests.nexus_actors.jobs.test_contract import OTHER, Elsewhere, MixingElsewhere

pytestmark = pytest.mark.anyio

ENTRY = ServiceEntry(name=OTHER.service, title="Other", module="test", port=2, package="tests", layer="business")
other = Service(ENTRY, topic=OTHER, actors=[], works=[MixingElsewhere])


class World:
    """A runner's surroundings."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.database = MemoryDatabase(self.clock)
        self.bell = Bell()
        self.metrics = Metrics()
        self._numbers = count()

    def cancelled(self, service: Service, job: Job) -> None:
        """A job that was cancelled before anybody began it."""
        envelope = seal(job, message_id=new_id(), source=service.name, now=self.clock())
        start = JobStart(envelope.id, envelope.type, job.key_of(), "main", encode_envelope(envelope))
        commit = Commit({}, {}, [], [], [], [], [], [], [], [], [start], [JobCancel(envelope.id, "main", job.key_of())])
        self.database.write(service.name, commit)
        self.clock.advance(0.001)
        self.bell.ring()

    def ended(self) -> list[str]:
        """The services of the jobs that have ended, in the order of claims."""
        done = [job for job in self.database.jobs.values() if job.status == "cancelled"]
        return [job.service for job in sorted(done, key=lambda job: job.ended_at or self.clock())]

    async def all_end(self, jobs: int) -> None:
        with anyio.fail_after(10):
            while len(self.ended()) < jobs:  # noqa: ASYNC110 - nobody tells
                await anyio.sleep(0.01)


@asynccontextmanager
async def running(world: World) -> AsyncIterator[JobRunner]:
    """A runner of both services."""
    hosted = {
        service.name: Hosted(service, MemoryTurnStore(service.name, world.database), world.metrics.service(service.name))
        for service in (studio, other)
    }
    runner = JobRunner(
        "w1",
        hosted,
        store=MemoryJobStore(world.database),
        publisher=Publisher(MemoryStreamStore(lambda: 1)),
        bell=world.bell,
        settings=JobSettings(lease_s=0.3),
        clock=world.clock,
        chance=lambda: 0.0,
        log=structlog.get_logger(),
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(runner.run)
        yield runner
        tasks.cancel_scope.cancel()


async def test_a_service_with_many_jobs_does_not_keep_another_waiting() -> None:
    world = World()
    claims: list[str] = []

    async def look(point: Point, service: str) -> None:
        if service:
            claims.append(service)
            world.clock.advance(0.001)

    for number in range(4):
        world.cancelled(studio, Mix(track=f"t{number}", folder=""))
    for number in range(2):
        world.cancelled(other, Elsewhere(track=f"t{number}"))
    world.database.at = look
    async with running(world):
        await world.all_end(6)
    assert [job.owner for job in world.database.jobs.values()] == [""] * 6
    assert claims[:4].count(other.name) == 2, claims


async def test_a_database_that_is_away_is_waited_for() -> None:
    world = World()
    away = True

    async def fail(point: Point, service: str) -> None:
        if away:
            raise DatabaseUnavailable("The database is away.")

    async with running(world):
        world.database.at = fail
        world.cancelled(studio, Mix(track="t", folder=""))
        await anyio.sleep(0.3)
        assert world.ended() == []
        away = False
        await world.all_end(1)
    of = {"service": studio.name, "type": Mix.wire_type(), "outcome": "cancelled"}
    assert world.metrics.registry.get_sample_value("nexus_jobs_ended_total", of) == 1


async def test_who_drains_takes_no_more() -> None:
    world = World()
    async with running(world) as runner:
        await runner.drain()
        world.cancelled(studio, Mix(track="t", folder=""))
        await anyio.sleep(0.2)
        assert world.ended() == []


async def test_a_ring_between_listening_and_waiting_is_heard() -> None:
    bell = Bell()
    first = bell.listen()
    bell.ring()
    with anyio.fail_after(1):
        await first.wait()
    assert not bell.listen().is_set()
