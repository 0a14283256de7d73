"""PostgreSQL and Redis for the platform on this machine: those that are configured, else embedded ones."""

from collections.abc import Callable
from time import monotonic
from typing import Final

import anyio

from nexus_actors.embedded import EmbeddedPostgres, EmbeddedRedis, EmbeddedServerError
from nexus_actors.embedded.ports import LOOPBACK, is_free
from nexus_actors.embedded.server import EmbeddedServer
from nexus_actors.local.errors import CannotStart
from nexus_actors.local.home import Home
from nexus_actors.local.report import News, Report
from nexus_actors.local.restart_policy import RestartPolicy
from nexus_actors.settings.config import Settings

POSTGRES_PORT: Final = 5432
REDIS_PORT: Final = 6380

MakeServer = Callable[[int | None], EmbeddedServer]


class Servers:
    """The two servers.

    Attributes:
        database_url, redis_url: where they are, with passwords. Known once they have started.
    """

    def __init__(self, settings: Settings, home: Home, report: Report) -> None:
        self.database_url = settings.database_url or ""
        self.redis_url = settings.redis_url or ""
        self._home = home
        self._report = report
        self._postgres: EmbeddedServer | None = None
        self._redis: EmbeddedServer | None = None

    @property
    def embedded(self) -> list[EmbeddedServer]:
        """Those that we run ourselves."""
        return [server for server in (self._postgres, self._redis) if server is not None]

    async def start(self) -> None:
        """Start those that are not configured, on the seed's ports where these are free.

        Raises:
            CannotStart: one does not start.
        """
        async with anyio.create_task_group() as tasks:
            if not self.database_url:
                tasks.start_soon(self._start_postgres)
            if not self.redis_url:
                tasks.start_soon(self._start_redis)

    async def keep(self) -> None:
        """Start again whichever ends by itself, on the port that it had, for ever.

        Raises:
            CannotStart: one ends too often.
        """
        async with anyio.create_task_group() as tasks:
            for server in self.embedded:
                tasks.start_soon(self._keep, server)

    async def stop(self) -> None:
        """Stop those that we run: everything that they acknowledged is on disk."""
        async with anyio.create_task_group() as tasks:
            for server in self.embedded:
                tasks.start_soon(self._stop, server)

    async def _start_postgres(self) -> None:
        self._postgres = await self._start(lambda port: EmbeddedPostgres(self._home.postgres, port), POSTGRES_PORT)
        self.database_url = self._postgres.url

    async def _start_redis(self) -> None:
        self._redis = await self._start(lambda port: EmbeddedRedis(self._home.redis, port), REDIS_PORT)
        self.redis_url = self._redis.url

    async def _start(self, make: MakeServer, preferred: int) -> EmbeddedServer:
        began = monotonic()
        try:
            server = await _started(make, preferred)
        except EmbeddedServerError as error:
            raise CannotStart(str(error)) from error
        took_s = monotonic() - began
        self._report.tell(News(kind="step", text=f"{server.title} listens on {LOOPBACK}:{server.port} ({took_s:.1f} s)"))
        return server

    async def _keep(self, server: EmbeddedServer) -> None:
        policy, ends = RestartPolicy(), list[float]()
        while True:
            code = await server.wait()
            ends.append(monotonic())
            wait_s = policy.wait_s(ends)
            where = f"See {server.folder.path / 'server.log'}."
            if wait_s is None:
                raise CannotStart(f"{server.title} ended {policy.limit} times within {policy.window_s:g} s. {where}")
            self._report.tell(
                News(kind="notice", text=f"{server.title} ended by itself (exit code {code}); starting it again. {where}")
            )
            await anyio.sleep(wait_s)
            server.asked_port = server.port
            await server.stop()
            try:
                await server.start()
            except EmbeddedServerError as error:
                raise CannotStart(str(error)) from error

    async def _stop(self, server: EmbeddedServer) -> None:
        if server.pid is not None:
            await server.stop()
            self._report.tell(News(kind="step", text=f"{server.title} has stopped"))
        else:
            await server.stop()


async def _started(make: MakeServer, preferred: int) -> EmbeddedServer:
    if is_free(preferred):
        server = make(preferred)
        try:
            await server.start()
        except EmbeddedServerError:
            # Another checkout may have been faster, between the look and the start. Anything else is for our caller.
            if is_free(preferred):
                raise
        else:
            return server
    server = make(None)
    await server.start()
    return server
