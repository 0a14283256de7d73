"""The jobs of a worker's services."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import structlog

from bus.publisher import Publisher
from bus.store import StreamStore
from nexus_actors.jobs.bell import Bell
from nexus_actors.jobs.runner import Hosted, JobRunner, JobSettings
from nexus_actors.postgres.job_store import PostgresJobStore
from nexus_actors.postgres.pool import open_pool
from nexus_actors.runtime.turn import random_chance
from nexus_actors.settings.config import Settings
from nexus_actors.telemetry.metrics import Metrics
from nexus_actors.worker.host import ServiceHost, retry_policy

_DAY_S: Final = 86_400.0
_CONNECTIONS: Final = 2


class Jobs:
    """Has the jobs of these services done, and forgets them some time after."""

    def __init__(self, runner: JobRunner, store: PostgresJobStore, keep_s: float) -> None:
        self.runner = runner
        self._store = store
        self._keep_s = keep_s

    async def forget(self) -> int:
        """Delete those whose ends nobody can ask about again; how many."""
        return await self._store.forget(self._keep_s)


@asynccontextmanager
async def open_jobs(
    worker_id: str,
    hosts: Mapping[str, ServiceHost],
    settings: Settings,
    streams: StreamStore,
    bell: Bell,
    clock: Callable[[], datetime],
    metrics: Metrics,
) -> AsyncIterator[Jobs | None]:
    """The jobs of those services that have works; None where none has: then nothing is ever asked."""
    hosted = {
        name: Hosted(host.service, host.store, metrics.service(name)) for name, host in hosts.items() if host.service.works
    }
    if not hosted:
        yield None
        return
    url = settings.database_url or ""
    async with open_pool(url, schema="nexus", application_name="nexus/jobs", max_size=_CONNECTIONS) as pool:
        store = PostgresJobStore(pool)
        runner = JobRunner(
            worker_id,
            hosted,
            store=store,
            publisher=Publisher(streams),
            bell=bell,
            settings=JobSettings(slots=settings.job_slots, lease_s=settings.lease_s, retry=retry_policy(settings)),
            clock=clock,
            chance=random_chance,
            log=structlog.get_logger(),
        )
        yield Jobs(runner, store, settings.inbox_days * _DAY_S)
