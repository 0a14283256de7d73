"""Empty databases for tests. One is used again and again: to empty it costs a tenth of making another."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import anyio
import asyncpg

from nexus_actors import Service
from nexus_actors.testing import migrated

_SPARE: Final = "nexus_spare"
_EMPTY: Final = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
    DO $$
    DECLARE schema text;
    BEGIN
        FOR schema IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
            EXECUTE format('DROP SCHEMA %I CASCADE', schema);
        END LOOP;
        EXECUTE format('ALTER DATABASE %I RESET ALL', current_database());
    END $$;
    CREATE SCHEMA public AUTHORIZATION pg_database_owner;
    GRANT USAGE ON SCHEMA public TO PUBLIC;
"""


class Databases:
    """The databases of a server.

    Args:
        url: the address of one that no test changes.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._of: dict[str, str] = {}

    async def of(self, service: Service) -> str:
        """The address of a database with the schema of a service, the same for all who ask: each takes a tenant of its own."""
        if service.name not in self._of:
            name = f"of_{service.schema}"
            await _with(self._url, lambda server: server.execute(f"CREATE DATABASE {name} TEMPLATE template0"))
            self._of[service.name] = await migrated(service, urlunsplit(urlsplit(self._url)._replace(path=f"/{name}")))
        return self._of[service.name]

    def take(self) -> str:
        """The address of an empty database. Its name is new, so that what a former test has left running does not find it."""
        name = f"test_{uuid4().hex}"
        _connected(self._url, lambda server: _take(server, name))
        return urlunsplit(urlsplit(self._url)._replace(path=f"/{name}"))

    def give_back(self, url: str) -> None:
        """Empty a database for the next test, or drop it where that is not possible."""
        name = urlsplit(url).path.removeprefix("/")
        try:
            _connected(url, lambda database: database.execute(_EMPTY))
            _connected(self._url, lambda server: server.execute(f"ALTER DATABASE {name} RENAME TO {_SPARE}"))
        except (OSError, asyncpg.PostgresError):
            _connected(self._url, lambda server: server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


async def _take(server: "asyncpg.Connection[asyncpg.Record]", name: str) -> None:
    if await server.fetchval("SELECT true FROM pg_database WHERE datname = $1", _SPARE):
        await server.execute(f"ALTER DATABASE {_SPARE} RENAME TO {name}")
    else:
        await server.execute(f"CREATE DATABASE {name} TEMPLATE template0")


def _connected(url: str, work: Callable[["asyncpg.Connection[asyncpg.Record]"], Awaitable[Any]]) -> None:
    anyio.run(_with, url, work)


async def _with(url: str, work: Callable[["asyncpg.Connection[asyncpg.Record]"], Awaitable[Any]]) -> None:
    connection = await asyncpg.connect(url)
    try:
        await work(connection)
    finally:
        await connection.close()
