"""Rows that wait to be written together."""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

_COPY_FROM: Final = 8
"""From so many rows on, COPY is quicker than one INSERT after the other: it takes two round trips, but no plan for each row."""


class WaitingRows:
    """Rows by their table and columns. Tables are filled in the order in which they were first named."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, tuple[str, ...]], list[tuple[object, ...]]] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, table: str, row: dict[str, object]) -> None:
        """One more."""
        self._waiting.setdefault((table, tuple(row)), []).append(tuple(row.values()))

    def clear(self) -> None:
        """Forget them."""
        self._waiting.clear()

    async def send(self, connection: "PoolConnectionProxy[Any]") -> None:
        """Write them, and wait for no more."""
        while self._waiting:
            (table, columns), rows = next(iter(self._waiting.items()))
            del self._waiting[table, columns]
            if len(rows) < _COPY_FROM or not columns:
                await connection.executemany(_insert(table, columns), rows)
            else:
                await connection.copy_records_to_table(table, records=rows, columns=columns)


def _insert(table: str, columns: tuple[str, ...]) -> str:
    if not columns:
        return f"INSERT INTO {_quoted(table)} DEFAULT VALUES"
    places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
    return f"INSERT INTO {_quoted(table)} ({', '.join(map(_quoted, columns))}) VALUES ({places})"  # noqa: S608 - quoted


def _quoted(name: str) -> str:
    """An SQL identifier; see PostgreSQL's manual, "Identifiers and Key Words"."""
    return '"' + name.replace('"', '""') + '"'
