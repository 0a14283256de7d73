"""One service in a worker process: its pools, its schema, its loop, its HTTP face."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from importlib.resources import files
from typing import Any, Final

from msgspec import Struct

from bus.store import StreamStore
from nexus_actors.postgres.checkpoints import PostgresCheckpoints
from nexus_actors.postgres.database import PostgresDatabase
from nexus_actors.postgres.lease_store import PostgresLeaseStore
from nexus_actors.postgres.migration import MigrationSource
from nexus_actors.postgres.migrations import Applied, migrate
from nexus_actors.postgres.patience import FULL_MS
from nexus_actors.postgres.pool import DatabasePool, open_pool
from nexus_actors.postgres.turn_store import PostgresTurnStore
from nexus_actors.retry import RetryPolicy
from nexus_actors.runtime.assembly import LoopSettings, assemble
from nexus_actors.runtime.leases import Ownership
from nexus_actors.runtime.loop import ServiceLoop
from nexus_actors.runtime.placement import wanted_partitions
from nexus_actors.runtime.trimmer import Trimmer
from nexus_actors.runtime.turn import random_chance
from nexus_actors.service import Service
from nexus_actors.settings.config import Settings
from nexus_actors.telemetry.metrics import ServiceMetrics
from nexus_actors.telemetry.spans import Spans

_SQL: Final = files("nexus_actors.postgres")
PLATFORM: Final = MigrationSource("platform", _SQL / "platform")
RUNTIME: Final = MigrationSource("runtime", _SQL / "runtime")
_TURN_CONNECTIONS: Final = 3
_READ_CONNECTIONS: Final = 5


class ServiceHost(Struct, frozen=True):
    """A service's parts, open.

    Attributes:
        turns: the pool that its turns write through.
        database: the read side of its schema.
        store: what its turns read and write.
        new_at: when this process was the first to tell of the events that this release handles; else None.
    """

    service: Service
    loop: ServiceLoop
    ownership: Ownership
    janitor: Trimmer
    database: PostgresDatabase
    turns: DatabasePool
    store: PostgresTurnStore
    new_at: datetime | None = None


async def migrate_platform(pool: DatabasePool) -> list[Applied]:
    """Bring the shared schema up to date; what was applied."""
    async with pool.acquire() as connection:
        return await migrate(connection, "nexus", [PLATFORM])


async def migrate_service(pool: DatabasePool, service: Service) -> list[Applied]:
    """Bring a service's schema up to date: the runtime's tables, then its own; what was applied."""
    sources = [RUNTIME]
    if service.migrations.is_dir():
        sources.append(MigrationSource("service", service.migrations))
    async with pool.acquire() as connection:
        return await migrate(connection, service.schema, sources)


@asynccontextmanager
async def open_host(
    service: Service,
    settings: Settings,
    streams: StreamStore,
    leases: PostgresLeaseStore,
    clock: Callable[[], datetime],
    log: Any,  # noqa: ANN401
    metrics: ServiceMetrics,
    spans: Spans,
    jobs_changed: Callable[[], None],
) -> AsyncIterator[ServiceHost]:
    """Open a service: migrate its schema, register its partitions, assemble its loop."""
    pool = partial(open_pool, settings.database_url or "", schema=service.schema, application_name=f"nexus/{service.name}")
    async with (
        pool(max_size=_TURN_CONNECTIONS, lock_timeout_ms=FULL_MS) as turns,
        pool(max_size=_READ_CONNECTIONS, read_only=True) as reads,
    ):
        await migrate_service(turns, service)
        wanted = [stream for number in range(service.topic.partitions) for stream in service.streams(number)]
        await leases.register(service.name, service.topic.partitions, wanted, wanted_partitions(service))
        new_at = await leases.announce(service.name, service.events())
        ownership = Ownership()
        database = PostgresDatabase(reads, read_only=True)
        store = PostgresTurnStore(service.name, turns)
        loop = assemble(
            service,
            turn_store=store,
            streams=streams,
            ownership=ownership,
            settings=_loop_settings(settings),
            clock=clock,
            chance=random_chance,
            log=log,
            metrics=metrics,
            spans=spans,
            jobs_changed=jobs_changed,
        )
        janitor = Trimmer(service, PostgresCheckpoints(database), streams, clock, log)
        yield ServiceHost(service, loop, ownership, janitor, database, turns, store, new_at)


def retry_policy(settings: Settings) -> RetryPolicy:
    """When what has failed is tried again."""
    return RetryPolicy(max_attempts=settings.max_attempts, base_s=settings.retry_base_s, max_s=settings.retry_max_s)


def _loop_settings(settings: Settings) -> LoopSettings:
    return LoopSettings(
        batch_size=settings.batch_size,
        handler_timeout_s=settings.handler_timeout_s,
        retry=retry_policy(settings),
        unknown_wait_s=settings.unknown_wait_s,
        lease_s=settings.lease_s,
        shows_faults=settings.show_faults == "yes",
    )


def ownerships(hosts: Mapping[str, ServiceHost]) -> dict[str, Ownership]:
    """The ownerships of some hosts, by service."""
    return {name: host.ownership for name, host in hosts.items()}
