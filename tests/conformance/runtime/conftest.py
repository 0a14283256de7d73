"""Every database side of the runtime passes this suite: the one on PostgreSQL and its twin in memory."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial

import anyio
import pytest

from bus import Topic
from nexus_actors.memory import MemoryCheckpoints, MemoryDatabase, MemoryJobStore, MemoryLeaseStore, MemoryTurnStore
from nexus_actors.platform.catalogue import ServiceEntry
from nexus_actors.postgres.checkpoints import PostgresCheckpoints
from nexus_actors.postgres.database import PostgresDatabase
from nexus_actors.postgres.job_store import PostgresJobStore
from nexus_actors.postgres.lease_store import PostgresLeaseStore
from nexus_actors.postgres.pool import open_pool
from nexus_actors.postgres.turn_store import PostgresTurnStore
from nexus_actors.service import Service
from nexus_actors.testing import FakeClock
from nexus_actors.worker.host import migrate_platform, migrate_service
from nexus_actors.worker.worker import utc_now
from tests.conformance.runtime.books import PARTITIONS, SERVICES, A, B, Books


@pytest.fixture(params=["memory", "postgres"])
def books_url(request: pytest.FixtureRequest) -> str | None:
    """Where the database is; None for the one in memory."""
    return request.getfixturevalue("database_url") if request.param == "postgres" else None


@pytest.fixture
async def books(books_url: str | None) -> AsyncIterator[Books]:
    """The stores of a clean database."""
    async with AsyncExitStack() as stack:
        opened = _in_memory() if books_url is None else await _on_postgres(books_url, stack)
        for name in SERVICES:
            await opened.leases.register(name, PARTITIONS, [A, B])
        yield opened


def _in_memory() -> Books:
    clock = FakeClock()
    database = MemoryDatabase(clock)

    async def wait(seconds: float) -> None:
        clock.advance(seconds)

    turns = {name: MemoryTurnStore(name, database) for name in SERVICES}
    checkpoints, jobs = MemoryCheckpoints(database), MemoryJobStore(database)
    return Books(turns, MemoryLeaseStore(database), checkpoints, jobs, clock, wait, partial(MemoryLeaseStore, database))


async def _on_postgres(url: str, stack: AsyncExitStack) -> Books:
    pool = partial(open_pool, url, application_name="nexus/conformance", max_size=2)
    shared = await stack.enter_async_context(pool(schema="nexus"))
    await migrate_platform(shared)
    turns = {}
    for name in SERVICES:
        entry = ServiceEntry(name=name, title=name, module="test", port=1, package="tests", layer="business")
        service = Service(entry, topic=Topic(name, partitions=PARTITIONS), actors=[])
        own = await stack.enter_async_context(pool(schema=service.schema))
        await migrate_service(own, service)
        turns[name] = PostgresTurnStore(name, own)
    leases = partial(PostgresLeaseStore, shared)
    checkpoints, jobs = PostgresCheckpoints(PostgresDatabase(shared)), PostgresJobStore(shared)
    return Books(turns, leases(), checkpoints, jobs, utc_now, anyio.sleep, leases)
