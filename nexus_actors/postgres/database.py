"""The adapters behind ``nexus_actors.database``."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import anyio
from asyncpg import InFailedSQLTransactionError, InterfaceError, PostgresError

from bus.text import error_text
from nexus_actors.database import Row
from nexus_actors.errors import DatabaseBusy, StatementFailed, TransactionAborted
from nexus_actors.postgres.arguments import check_arguments
from nexus_actors.postgres.atomic import commit, roll_back, roll_back_to
from nexus_actors.postgres.confirmation import is_confirmed
from nexus_actors.postgres.lost import is_gone, troubled_when_refused, unavailable, unavailable_when_lost
from nexus_actors.postgres.patience import LockPatience
from nexus_actors.postgres.rows import WaitingRows
from nexus_actors.postgres.statement import check_statement
from nexus_actors.postgres.troubles import trouble_of

if TYPE_CHECKING:
    from asyncpg import Pool
    from asyncpg.pool import PoolConnectionProxy

_FREE_WITHIN_S: Final = 5.0
_RELEASE_S: Final = 5.0


class PostgresDatabase:
    """``nexus_actors.database.Database``: reads on whatever connection of a pool is free; waits up to five seconds for one.

    Args:
        read_only: the pool was opened so. Who writes through it has made a mistake; elsewhere, that is a trouble of the server.
    """

    def __init__(self, pool: "Pool[Any]", *, read_only: bool = False) -> None:
        self._pool = pool
        self._read_only = read_only

    async def fetch(self, query: str, *args: object) -> Sequence[Row]:
        """All rows of the result."""
        async with self._connection() as connection:
            return await connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        """The first row, or nothing where there is none."""
        async with self._connection() as connection:
            return await connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401 - the query alone knows
        """The first column of the first row, or nothing where there is none."""
        async with self._connection() as connection:
            return await connection.fetchval(query, *args)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator["PoolConnectionProxy[Any]"]:
        connection = await _take(self._pool)
        try:
            with unavailable_when_lost(connection, read_only=self._read_only):
                yield connection
        finally:
            await _give_back(self._pool, connection)


class PostgresTransaction:
    """A transaction that takes a connection and begins with its first statement; statements run one at a time.

    It implements ``nexus_actors.database.Transaction`` and adds the ending, which is for whoever opened it.

    Args:
        patience: how long its statements wait for locks; as long as the connection says when left out.
    """

    def __init__(self, pool: "Pool[Any]", patience: LockPatience | None = None) -> None:
        self._pool = pool
        self._patience = patience or LockPatience()
        self._lock = anyio.Lock(fast_acquire=True)
        self._taken: PoolConnectionProxy[Any] | None = None
        self._rows = WaitingRows()
        self._statements = 0
        self._writes = 0
        self._savepoints = 0
        self._failure: Exception | None = None
        self._ended = False

    @property
    def statements(self) -> int:
        """How many statements have been sent, or wait to be sent."""
        return self._statements

    @property
    def writes(self) -> int:
        """How many of them may have written: all but those that begin with SELECT."""
        return self._writes

    @property
    def begun(self) -> bool:
        """Whether it has a connection, on which it has begun, or rows that wait for one."""
        return self._taken is not None or bool(self._rows)

    def insert(self, table: str, /, **row: object) -> None:
        """Add a row, with the next statement or with the commit."""
        self._check_open()
        check_arguments(row.values())
        self._rows.add(table, row)
        self._statements += 1
        self._writes += 1

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement; the answer is PostgreSQL's command tag, such as ``UPDATE 3``."""
        async with self._statement(query, args) as connection:
            return await connection.execute(query, *args)

    async def executemany(self, query: str, args: Iterable[Sequence[object]]) -> None:
        """Run a statement once for each sequence of arguments, in one round trip."""
        rows = list(args)
        async with self._statement(query, *rows) as connection:
            await connection.executemany(query, rows)

    async def fetch(self, query: str, *args: object) -> Sequence[Row]:
        """All rows of the result."""
        async with self._statement(query, args) as connection:
            return await connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        """The first row, or nothing where there is none."""
        async with self._statement(query, args) as connection:
            return await connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401 - the query alone knows
        """The first column of the first row, or nothing where there is none."""
        async with self._statement(query, args) as connection:
            return await connection.fetchval(query, *args)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["PoolConnectionProxy[Any]"]:
        """The connection, begun and held alone: for what has no method here, such as COPY. It does not count statements.

        Raises:
            TransactionAborted: a statement failed before, and somebody went on.
        """
        async with self._lock:
            self._check_open()
            if self._taken is None:
                self._taken = await self._begin()
            with self._patience.watched(), unavailable_when_lost(self._taken):
                try:
                    await self._rows.send(self._taken)
                    yield self._taken
                except (PostgresError, TransactionAborted) as error:
                    meant = await self._meant(error)
                    if meant is error:
                        raise
                    raise meant from error

    async def _meant(self, error: PostgresError | TransactionAborted) -> Exception:
        """What an error is to be raised as: PostgreSQL refuses everything after one, and does not say after which."""
        if isinstance(error, PostgresError) and not isinstance(error, InFailedSQLTransactionError):
            self._failure = await self._judged(error)
            return self._failure
        if self._failure is None:
            return error
        if (trouble := trouble_of(self._failure)) is not None:
            # A handler that goes on after it is not to blame for it either.
            return trouble
        first = f"{type(self._failure).__name__}: {error_text(self._failure)}"
        return TransactionAborted(
            f"A statement of this transaction failed before ({first}), so nothing of it can take effect. A handler that "
            "goes on after an SQL error runs what may fail in a savepoint: `async with ctx.db.savepoint():`."
        )

    async def _judged(self, error: PostgresError) -> Exception:
        """The error, or, where it accuses the server and nobody else confirms that, a plain failure of its statement."""
        trouble = trouble_of(error)
        if trouble is None or isinstance(trouble, DatabaseBusy):
            return error
        if self._taken is None or is_gone(self._taken) or await is_confirmed(self._pool):
            return error
        failed = _failed(error)
        told = f"{failed} It sounds like a trouble of the server, but a new session has none: the statement itself made it."
        return StatementFailed(told, failed.sqlstate, failed.constraint)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """See `nexus_actors.database.Transaction`."""
        self._savepoints += 1
        name = f"nexus_{self._savepoints}"
        async with self.connection() as connection:
            self._statements += 1
            await connection.execute(f"SAVEPOINT {name}")
        writes = self._writes
        try:
            yield
            async with self.connection() as connection:
                await connection.execute(f"RELEASE SAVEPOINT {name}")
        except BaseException as error:
            await self._go_back(name)
            self._writes = writes
            if isinstance(error, PostgresError):
                raise _failed(error) from error
            raise

    async def _go_back(self, savepoint: str) -> None:
        """Undo what came after a savepoint; rows that were added before it have been sent."""
        self._rows.clear()
        if self._taken is None or is_gone(self._taken):
            return
        with anyio.CancelScope(shield=True):
            async with self._lock:
                await roll_back_to(self._taken, savepoint)

    async def commit(self) -> None:
        """Make it last, and give the connection back. Without a statement before, nothing is sent.

        Raises:
            TransactionAborted: a statement failed before; nothing took effect.
            DatabaseUnavailable: the connection was lost; whether it took effect is not known.
        """
        if self.begun:
            async with self.connection() as connection:
                await commit(connection)
            await self._end()

    async def roll_back(self) -> None:
        """Undo what has not been committed, and give the connection back."""
        if self._taken is not None:
            await roll_back(self._taken)
        await self._end()

    def _check_open(self) -> None:
        if self._ended:
            raise RuntimeError("This transaction has ended; nothing can be read or written through it any more.")

    async def _begin(self) -> "PoolConnectionProxy[Any]":
        connection = await _take(self._pool)
        try:
            with unavailable_when_lost(connection):
                await connection.execute(self._patience.begin)
        except BaseException:
            await roll_back(connection)
            await _give_back(self._pool, connection)
            raise
        return connection

    async def _end(self) -> None:
        self._ended = True
        self._rows.clear()
        taken, self._taken = self._taken, None
        if taken is not None:
            await _give_back(self._pool, taken)

    @asynccontextmanager
    async def _statement(self, query: str, *rows: Iterable[object]) -> AsyncIterator["PoolConnectionProxy[Any]"]:
        check_statement(query)
        for row in rows:
            check_arguments(row)
        async with self.connection() as connection:
            self._statements += 1
            self._writes += not query.lstrip()[:6].upper().startswith("SELECT")
            yield connection


def _failed(error: PostgresError) -> StatementFailed:
    return StatementFailed(f"{type(error).__name__}: {error_text(error)}", error.sqlstate or "", error.constraint_name)


@asynccontextmanager
async def open_transaction(pool: "Pool[Any]", patience: LockPatience | None = None) -> AsyncIterator[PostgresTransaction]:
    """A transaction that is rolled back unless it is committed inside; for ``patience`` see `PostgresTransaction`."""
    opened = PostgresTransaction(pool, patience)
    try:
        yield opened
    finally:
        await opened.roll_back()


async def _take(pool: "Pool[Any]") -> "PoolConnectionProxy[Any]":
    try:
        with troubled_when_refused():
            return await pool.acquire(timeout=_FREE_WITHIN_S)
    except InterfaceError as error:
        if pool.is_closing():
            raise unavailable(error) from error
        raise


async def _give_back(pool: "Pool[Any]", connection: "PoolConnectionProxy[Any]") -> None:
    with anyio.CancelScope(shield=True), unavailable_when_lost():
        await pool.release(connection, timeout=_RELEASE_S)
