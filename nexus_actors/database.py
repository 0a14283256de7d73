"""What services read from and write to. The adapter for PostgreSQL is in ``nexus_actors.postgres``."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol


class Row(Protocol):
    """One row of a result, read by the names of its columns; ``dict(row)`` takes all of them.

    A ``uuid`` is a ``uuid.UUID``, a ``timestamptz`` a ``datetime`` in UTC, and a ``json`` or ``jsonb`` its text as ``bytes``,
    for ``msgspec.json.decode`` with the type that it is of.
    """

    def __getitem__(self, column: str, /) -> Any:  # noqa: ANN401 - the column's type is known to the query alone
        """The value of a column.

        Raises:
            KeyError: there is no such column in the result.
        """
        ...

    def keys(self) -> Iterator[str]:
        """The names of the columns, in order."""
        ...


class Reader(Protocol):
    """Reads with asyncpg's parameters: ``$1`` in the query is the first argument after it.

    All methods raise ``DatabaseUnavailable`` where the database cannot be reached or the connection is lost.
    """

    async def fetch(self, query: str, *args: object) -> Sequence[Row]:
        """All rows of the result."""
        ...

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        """The first row, or nothing where there is none."""
        ...

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401 - the query alone knows
        """The first column of the first row, or nothing where there is none."""
        ...


class Database(Reader, Protocol):
    """The read side of a service: its own schema, each query on whatever connection is free.

    Safe to use from any number of tasks; two queries may see different states of the database.
    """


class Transaction(Reader, Protocol):
    """The transaction of a turn. Who opened it commits or rolls back; a handler only reads and writes.

    Safe to use from the tasks of one turn: statements run one after the other. A statement that fails dooms the transaction,
    and so the turn, unless it ran in a `savepoint`.

    Statements that begin or end transactions, or that change the connection beyond this one, raise ``StatementRefused`` and
    are not sent. An argument that is a datetime without a time zone raises ``ValueError``: it is no instant.
    """

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """Opens a savepoint: an error undoes what was written since, and nothing else. Then the handler may go on.

        Rows of `insert` are written at its end at the latest, so that it raises for those which the table refuses. Savepoints
        nest; what other tasks of the turn write meanwhile belongs to them too.

        Raises:
            StatementFailed: a statement in it failed. Whatever else is raised in it is raised by it as it is.
            DatabaseUnavailable: the connection was lost, and the turn with it.
        """
        ...

    def insert(self, table: str, /, **row: object) -> None:
        """Add a row, in passing: it is sent with other rows of its kind, before the next statement or with the commit.

        This is the cheap way to write what the turn does not read back: many turns share one round trip. Columns that are left
        out take their defaults. A row that the table refuses fails the turn at the commit, after the handler has returned; a
        handler that has to know takes `execute`. Tables are filled in the order in which they were first named.
        """
        ...

    @property
    def statements(self) -> int:
        """How many statements have been sent."""
        ...

    @property
    def writes(self) -> int:
        """How many of them may have written: all but those that begin with SELECT."""
        ...

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement; the answer is PostgreSQL's command tag, such as ``UPDATE 3``."""
        ...

    async def executemany(self, query: str, args: Iterable[Sequence[object]]) -> None:
        """Run a statement once for each sequence of arguments, in one round trip."""
        ...
