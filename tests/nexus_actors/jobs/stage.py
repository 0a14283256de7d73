"""A studio with its jobs, and ways to look at them."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import anyio

from bus.store import StreamStore
from nexus_actors import JobStatus, job_status
from nexus_actors.testing import TestPlatform, open_platform
from tests.nexus_actors.jobs.studio.contract import Heard, Start
from tests.nexus_actors.jobs.studio.service import service

LEASE_S = 1.0
QUICK = {"NEXUS_LEASE_S": str(LEASE_S), "NEXUS_RETRY_BASE_S": "0.01", "NEXUS_MAX_ATTEMPTS": "2"}


class Studio:
    """The service under test."""

    def __init__(self, platform: TestPlatform, folder: Path) -> None:
        self.platform = platform
        self.folder = folder

    async def start(self, *steps: str, track: str = "t", then: str = "", tenant: str = "main") -> UUID:
        """Start a mix; its id."""
        return await self.platform.ask(Start(track=track, folder=str(self.folder), steps=steps, then=then), tenant=tenant)

    async def status(self, job_id: UUID, tenant: str = "main") -> JobStatus:
        """How a job stands."""
        found = await job_status(self.platform.worker.hosts[service.name].database, tenant, job_id)
        assert found is not None
        return found

    def heard(self) -> list[tuple[str, str]]:
        """What the tracks have heard."""
        return [(heard.what, heard.detail) for heard in self.platform.events(Heard)]

    def has(self, name: str) -> bool:
        """Whether the work has left a trace of that name."""
        return (self.folder / name).exists()

    def let(self, name: str) -> None:
        """Let a work that waits for it go on."""
        (self.folder / name).touch()

    async def until(self, holds: Callable[[], bool], within_s: float = 20) -> None:
        """Wait until something holds."""
        await self.platform.until(holds, within_s)

    async def hears(self, count: int = 1) -> Sequence[tuple[str, str]]:
        """Wait until the tracks have heard so much; all of it."""
        await self.until(lambda: len(self.heard()) >= count)
        return self.heard()

    async def becomes(self, job_id: UUID, status: str, within_s: float = 20) -> JobStatus:
        """Wait until a job stands so."""
        with anyio.fail_after(within_s):
            while (found := await self.status(job_id)).status != status:  # noqa: ASYNC110 - nobody tells
                await anyio.sleep(0.02)
        return found

    async def counts(self, where: str, count: int = 1) -> None:
        """Wait until there are so many such jobs."""
        with anyio.fail_after(20):
            while await self.count(where) != count:  # noqa: ASYNC110 - see above
                await anyio.sleep(0.02)

    async def count(self, where: str = "true") -> int:
        """How many jobs there are."""
        return int(await self.platform.worker.platform.fetchval(f"SELECT count(*) FROM nexus.jobs WHERE {where}"))  # noqa: S608 - our own


@asynccontextmanager
async def open_studio(
    database_url: str, folder: Path, streams: StreamStore | None = None, **environ: str
) -> AsyncIterator[Studio]:
    """A studio over a database; ``streams``: those of another one; ``environ``: more variables."""
    async with open_platform([service], database_url, streams=streams, environ={**QUICK, **environ}) as platform:
        yield Studio(platform, folder)
