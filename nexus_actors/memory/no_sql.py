"""The transaction of a turn in memory: there is no SQL."""

from collections.abc import Iterable, Sequence
from typing import Any

from nexus_actors.database import Row
from nexus_actors.errors import NexusError


class SqlRefused(NexusError):
    """A handler used ``ctx.db`` where its turns are kept in memory."""

    def __init__(self, query: str) -> None:
        words = " ".join(query.split())
        super().__init__(f"Turns in memory have no SQL, so this was not run: {words[:80]!r}. Test this service on PostgreSQL.")


class NoSql:
    """A `nexus_actors.database.Transaction` that refuses every statement with `SqlRefused`."""

    statements = 0
    writes = 0

    def insert(self, table: str, /, **row: object) -> None:
        """Refuse."""
        del row
        raise SqlRefused(f"INSERT INTO {table}")

    async def execute(self, query: str, *args: object) -> str:
        """Refuse."""
        raise SqlRefused(query)

    async def executemany(self, query: str, args: Iterable[Sequence[object]]) -> None:
        """Refuse."""
        raise SqlRefused(query)

    async def fetch(self, query: str, *args: object) -> Sequence[Row]:
        """Refuse."""
        raise SqlRefused(query)

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        """Refuse."""
        raise SqlRefused(query)

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401
        """Refuse."""
        raise SqlRefused(query)
