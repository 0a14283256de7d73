"""Debian's servers for a stage of `tests/faults`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

from typing_extensions import override

from tests.faults.servers import Servers
from tests.servers.postgres import DebianPostgres
from tests.servers.redis_server import DebianRedis


class Outfit(Servers):
    """Servers that somebody else starts and ends.

    Args:
        url: the address that workers are to have, in place of the server's own.
    """

    def __init__(self, postgres: DebianPostgres, redis: DebianRedis, url: str | None = None) -> None:
        self.postgres, self.redis = postgres, redis
        self._ask = postgres.ask
        self._url = url or postgres.url

    @asynccontextmanager
    @override
    async def database(self, name: str) -> AsyncIterator[str]:
        await self._ask(f"CREATE DATABASE {name}")
        yield urlunsplit(urlsplit(self._url)._replace(path=f"/{name}"))
