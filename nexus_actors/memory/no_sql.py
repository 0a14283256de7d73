"""The transaction of a turn in memory: there is no SQL."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from nexus_actors.database import Row
from nexus_actors.errors import NexusError
from nexus_actors.postgres.statement import check_statement
from nexus_actors.retry import Park


class SqlRefused(Park):
    """A handler used ``ctx.db`` where its turns are kept in memory. No other try helps, whatever the handler's policy."""

    def __init__(self, query: str) -> None:
        words = " ".join(query.split())
        super().__init__(f"Turns in memory have no SQL, so this was not run: {words[:80]!r}. Test this service on PostgreSQL.")


class NoSql:
    """A `nexus_actors.database.Transaction` that refuses every statement with `SqlRefused`, or as PostgreSQL's does."""

    statements = 0
    writes = 0

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """There is nothing to undo."""
        yield

    def insert(self, table: str, /, **row: object) -> None:
        """Refuse."""
        del row
        raise SqlRefused(f"INSERT INTO {table}")

    async def execute(self, query: str, *args: object) -> str:
        """Refuse."""
        raise _refused(query)

    async def executemany(self, query: str, args: Iterable[Sequence[object]]) -> None:
        """Refuse."""
        raise _refused(query)

    async def fetch(self, query: str, *args: object) -> Sequence[Row]:
        """Refuse."""
        raise _refused(query)

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        """Refuse."""
        raise _refused(query)

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401
        """Refuse."""
        raise _refused(query)


def _refused(query: str) -> NexusError:
    check_statement(query)
    return SqlRefused(query)
