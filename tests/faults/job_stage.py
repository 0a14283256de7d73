"""The stage for jobs: servers, worker processes of one studio, and what became of its mixes."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import anyio
import asyncpg
import msgspec
import psutil

from bus.publisher import Publisher
from bus.redis import RedisSettings, connect
from bus.requests import Requests
from nexus_actors.asking import BusAsker
from nexus_actors.worker.worker import utc_now
from tests.faults.process import Worker
from tests.faults.servers import Servers
from tests.nexus_actors.jobs.studio.contract import Start
from tests.nexus_actors.jobs.studio.service import TrackState

LEASE_S: Final = 1.0
_LOOK_S: Final = 0.05
_OWNER: Final = "SELECT pid FROM nexus.jobs JOIN nexus.workers ON worker_id = owner WHERE job_id = $1"


class JobStage:
    """Workers, and a folder that their works leave their traces in."""

    def __init__(self, servers: Servers, folder: Path, database_url: str, asker: BusAsker, workers: list[Worker]) -> None:
        self.servers = servers
        self.folder = folder
        self.workers = workers
        self._database_url = database_url
        self._asker = asker

    async def start(self, *steps: str) -> UUID:
        """Start a mix; its id."""
        return (await self._asker.ask(Start(track="t", folder=str(self.folder), steps=steps))).value

    async def asked(self, query: str, *arguments: object) -> Any:
        """One value of the database."""
        connection = await asyncpg.connect(self._database_url)
        try:
            return await connection.fetchval(query, *arguments)
        finally:
            await connection.close()

    async def owner(self, job_id: UUID) -> Worker:
        """The worker that does a job."""
        pid = await self.asked(_OWNER, job_id)
        return next(worker for worker in self.workers if worker.pid == pid)

    async def status(self, job_id: UUID) -> str:
        """How a job stands."""
        return str(await self.asked("SELECT status FROM nexus.jobs WHERE job_id = $1", job_id))

    async def heard(self) -> tuple[str, ...]:
        """What the track has heard."""
        body = await self.asked("SELECT body FROM studio_test_ms.states WHERE key = 't'")
        return () if body is None else msgspec.json.decode(body, type=TrackState).heard

    async def hears(self, *wanted: str, within_s: float = 20) -> None:
        """Wait until the track has heard something, and no more after a while."""
        with anyio.fail_after(within_s):
            while await self.heard() != wanted:  # noqa: ASYNC110 - nobody tells
                await anyio.sleep(_LOOK_S)
        await anyio.sleep(2 * LEASE_S)
        assert await self.heard() == wanted

    async def until(self, holds: Callable[[], bool], within_s: float = 20) -> None:
        """Wait until something holds."""
        with anyio.fail_after(within_s):
            while not holds():  # noqa: ASYNC110 - see above
                await anyio.sleep(_LOOK_S)

    async def begun(self, run: int) -> psutil.Process:
        """The process of the work, once its n-th run has begun."""
        file = self.folder / f"began-{run}"
        await self.until(lambda: file.exists() and bool(file.read_text()))
        return psutil.Process(int(file.read_text()))

    def let(self, name: str) -> None:
        """Let a work that waits for it go on."""
        (self.folder / name).touch()


def is_gone(process: psutil.Process) -> bool:
    """Whether a process has ended."""
    try:
        return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


@asynccontextmanager
async def open_job_stage(servers: Servers, folder: Path, workers: int = 2) -> AsyncIterator[JobStage]:
    """A stage with workers."""
    await servers.clear_redis()
    async with AsyncExitStack() as stack:
        database_url = await stack.enter_async_context(servers.database(f"jobs_{uuid4().hex}"))
        streams = await stack.enter_async_context(connect(RedisSettings(url=servers.redis.url)))
        tasks = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(tasks.cancel_scope.cancel)
        requests = Requests(streams, Publisher(streams), f"jobs-{uuid4().hex}")
        tasks.start_soon(requests.run)
        environ = {
            "NEXUS_DATABASE_URL": database_url,
            "NEXUS_REDIS_URL": servers.redis.url,
            "NEXUS_LEASE_S": str(LEASE_S),
            "NEXUS_RETRY_BASE_S": "0.1",
        }
        started = [Worker(f"worker-{n}", folder, environ, program="tests.faults.job_worker") for n in range(workers)]
        try:
            for worker in started:
                await worker.ready()
            yield JobStage(servers, folder, database_url, BusAsker(requests, "jobs", utc_now), started)
        finally:
            with anyio.CancelScope(shield=True):
                for worker in started:
                    await worker.kill()
