"""A worker: a process that hosts services."""

import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from uuid import uuid4

import anyio
import structlog
from msgspec import Struct

from bus.publisher import Publisher
from bus.requests import Requests
from bus.store import StreamStore
from bus.text import storable
from nexus_actors.asking import BusAsker
from nexus_actors.errors import ConfigError, DatabaseUnavailable
from nexus_actors.jobs.bell import Bell
from nexus_actors.operations.streams import open_streams
from nexus_actors.postgres.database import PostgresDatabase
from nexus_actors.postgres.lease_store import PostgresLeaseStore
from nexus_actors.postgres.pool import open_pool
from nexus_actors.postgres.retention import keep
from nexus_actors.runtime.leases import LeaseKeeper, WorkerInfo
from nexus_actors.runtime.releases import until_heard
from nexus_actors.runtime.supervisor import supervise
from nexus_actors.security.trust import TrustStore
from nexus_actors.service import Service, platform_version
from nexus_actors.settings.config import Settings
from nexus_actors.telemetry.logs import service_log
from nexus_actors.telemetry.loop_lag import watch_loop_lag
from nexus_actors.telemetry.metrics import Metrics
from nexus_actors.telemetry.spans import SpanSettings, SpanSource, open_spans
from nexus_actors.worker.host import ServiceHost, migrate_platform, open_host, ownerships
from nexus_actors.worker.jobs import Jobs, open_jobs
from nexus_actors.worker.lag_sampler import LagSampler
from nexus_actors.worker.redis_check import check_redis
from nexus_actors.worker.trust_follower import TrustFollower
from nexus_actors.worker.waiting_sampler import WaitingSampler

_NAME: Final = "nexus-worker"
_RETENTION_S: Final = 3_600.0
_RETENTION_AGAIN_S: Final = 60.0
_FORGET_WORKERS_S: Final = 600.0
_LONGEST_HOST: Final = 255
_STARTED_S: Final = 0.02


def utc_now() -> datetime:
    """The system's clock."""
    return datetime.now(UTC)


class WorkerOptions(Struct, frozen=True, kw_only=True):
    """What tests replace.

    Attributes:
        streams: a stream store instead of the one that the settings name.
        clock: the time.
    """

    streams: StreamStore | None = None
    clock: Callable[[], datetime] = utc_now


class Worker:
    """A worker, open.

    Attributes:
        asker: asks commands of any service.
        hosts: its services by name.
        warnings: what is dangerous about the servers.
    """

    def __init__(
        self,
        settings: Settings,
        info: WorkerInfo,
        streams: StreamStore,
        platform: PostgresDatabase,
        leases: PostgresLeaseStore,
        hosts: dict[str, ServiceHost],
        clock: Callable[[], datetime],
        log: Any,  # noqa: ANN401
        metrics: Metrics,
        spans: SpanSource,
        jobs: Jobs | None,
        warnings: Sequence[str] = (),
    ) -> None:
        self.settings = settings
        self.info = info
        self.streams = streams
        self.platform = platform
        self.hosts = hosts
        self.clock = clock
        self.log = log
        self.trust = TrustStore()
        self._jobs = jobs
        self.metrics = metrics
        self.spans = spans
        self.warnings = warnings
        self.requests = Requests(streams, Publisher(streams, settings.stream_high_water), info.worker_id)
        self.asker = BusAsker(self.requests, _NAME, clock, spans.service(_NAME))
        self._leases = leases
        self.keeper = LeaseKeeper(
            leases, info, [host.service for host in hosts.values()], ownerships(hosts), clock, log, settings.lease_s
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run its loops; at the end, hand the partitions over before the loops stop."""
        follower = TrustFollower(self.trust, self.platform, self.streams, self.log)
        await follower.load()
        tidied = await self._tidied_up()
        for name, host in self.hosts.items():
            if host.new_at is not None:
                await until_heard(self._leases, name, host.new_at, self.settings.lease_s)
        await self.keeper.tick()
        async with anyio.create_task_group() as tasks:
            for name, task in self._tasks(follower, tidied=tidied).items():
                tasks.start_soon(supervise, name, task, self.log)
            await self._until_settled()
            yield
            with anyio.CancelScope(shield=True), anyio.move_on_after(self.settings.drain_s):
                await self._drain()
            tasks.cancel_scope.cancel()

    async def _drain(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.keeper.drain)
            if self._jobs is not None:
                tasks.start_soon(self._jobs.runner.drain)

    def _tasks(self, follower: TrustFollower, *, tidied: bool) -> dict[str, Callable[[], Any]]:
        tasks: dict[str, Callable[[], Any]] = {
            "replies": self.requests.run,
            "leases": self.keeper.run,
            "trust": follower.follow,
            "trust reload": follower.reload,
            "retention": partial(self._retain, tidied=tidied),
            "loop lag": partial(watch_loop_lag, self.metrics.loop_lagged),
        }
        if self._jobs is not None:
            tasks["jobs"] = self._jobs.runner.run
        for name, host in self.hosts.items():
            tasks[f"loop {name}"] = host.loop.run
            tasks[f"lag {name}"] = LagSampler(host.loop, self.streams, self.clock, self.metrics.service(name)).run
            waiting = WaitingSampler(name, self.info.worker_id, host.loop.partitions, self.platform, self.metrics.service(name))
            tasks[f"waiting {name}"] = waiting.run
            tasks[f"janitor {name}"] = partial(host.janitor.run, host.loop.partitions)
        return tasks

    async def _until_settled(self) -> None:
        while not all(host.ownership.settled for host in self.hosts.values()):  # noqa: ASYNC110 - once, at the start
            await anyio.sleep(_STARTED_S)

    async def _retain(self, *, tidied: bool) -> None:
        while True:
            await anyio.sleep(_RETENTION_S if tidied else _RETENTION_AGAIN_S)
            tidied = await self._tidied_up()

    async def _tidied_up(self) -> bool:
        """Whether there was nothing in the way. What is not tidied up yet is kept, and new rows find room in any case."""
        try:
            await self._tidy_up()
        except DatabaseUnavailable as error:
            self.log.warning("retention_waits", error=str(error))
            return False
        return True

    async def _tidy_up(self) -> None:
        await self._leases.forget(_FORGET_WORKERS_S)
        for name, host in self.hosts.items():
            await self._leases.announce(name, host.service.events())
        if self._jobs is not None and (gone := await self._jobs.forget()):
            self.log.info("old_jobs_deleted", jobs=gone)
        for name, host in self.hosts.items():
            today = self.clock().date()
            dropped = await keep(host.turns, name, today, self.settings.inbox_days, self.settings.outbox_days)
            if dropped:
                self.log.info("old_partitions_dropped", service=name, tables=dropped)


@asynccontextmanager
async def open_worker(
    settings: Settings, services: Sequence[Service], options: WorkerOptions | None = None
) -> AsyncIterator[Worker]:
    """Open a worker: connect, migrate, assemble. `Worker.running` then runs it.

    Raises:
        ConfigError: no database or Redis is configured, or the database refuses us.
        DatabaseUnavailable: the database does not answer.
    """
    options = options or WorkerOptions()
    log = structlog.get_logger()
    if settings.database_url is None:
        raise ConfigError("NEXUS_DATABASE_URL is not set: give the address of a PostgreSQL 15 or later.")
    info = _info(services, options.clock())
    async with AsyncExitStack() as stack:
        spans = await stack.enter_async_context(open_spans(settings.otlp_endpoint, _span_settings(settings, info)))
        streams, warnings = options.streams, tuple[str, ...]()
        if streams is None:
            streams, warnings = await _connect(stack, settings, services, log)
        pool = await stack.enter_async_context(
            open_pool(settings.database_url, schema="nexus", application_name="nexus/worker", max_size=3)
        )
        await migrate_platform(pool)
        leases = PostgresLeaseStore(pool)
        metrics, bell = Metrics(), Bell()
        hosts: dict[str, ServiceHost] = {}
        for service in services:
            name = service.name
            told = service_log(name), metrics.service(name), spans.service(name)
            opened = open_host(service, settings, streams, leases, options.clock, *told, bell.ring)
            hosts[name] = await stack.enter_async_context(opened)
        jobs = await stack.enter_async_context(
            open_jobs(info.worker_id, hosts, settings, streams, bell, options.clock, metrics)
        )
        platform = PostgresDatabase(pool)
        yield Worker(settings, info, streams, platform, leases, hosts, options.clock, log, metrics, spans, jobs, warnings)


async def _connect(
    stack: AsyncExitStack,
    settings: Settings,
    services: Sequence[Service],
    log: Any,  # noqa: ANN401
) -> tuple[StreamStore, tuple[str, ...]]:
    if settings.redis_url is None:
        raise ConfigError("NEXUS_REDIS_URL is not set: give the address of a Redis 7.0 or later, or a Valkey.")
    streams = await stack.enter_async_context(open_streams(settings.redis_url, settings.redis_prefix))
    return streams, await check_redis(streams, services, log)


def _info(services: Sequence[Service], now: datetime) -> WorkerInfo:
    return WorkerInfo(
        worker_id=uuid4().hex,
        host=storable(socket.gethostname(), _LONGEST_HOST),
        pid=os.getpid(),
        version=platform_version(),
        services=tuple(service.name for service in services),
        started_at=now,
    )


def _span_settings(settings: Settings, info: WorkerInfo) -> SpanSettings:
    return SpanSettings(
        version=info.version,
        environment=settings.environment,
        instance=info.worker_id,
        random=secrets.token_bytes,
        clock_ns=time.time_ns,
    )
