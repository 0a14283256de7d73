"""All or nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import anyio

from nexus_actors.errors import TransactionAborted
from nexus_actors.postgres.lost import is_gone

if TYPE_CHECKING:
    from asyncpg import Connection
    from asyncpg.pool import PoolConnectionProxy

    AnyConnection = Connection[Any] | PoolConnectionProxy[Any]

_ROLLBACK_S: Final = 5.0


@asynccontextmanager
async def atomic(connection: "AnyConnection") -> AsyncIterator[None]:
    """Run what is inside in one transaction: commit at its end, roll back if anything is raised in it.

    asyncpg's own ``transaction()`` is not used, because a cancelled anyio scope cancels its ``ROLLBACK`` too.

    Raises:
        TransactionAborted: a statement inside failed and its error was caught there.
    """
    try:
        await connection.execute("BEGIN")
        yield
        await commit(connection)
    except BaseException:
        await roll_back(connection)
        raise


async def commit(connection: "AnyConnection") -> None:
    """End a transaction and make it last.

    Raises:
        TransactionAborted: a statement of it had failed. PostgreSQL answers a COMMIT after that with a ROLLBACK, and no error.
    """
    if await connection.execute("COMMIT") != "COMMIT":
        raise TransactionAborted("A statement of this transaction failed before, so nothing of it was committed.")


async def roll_back(connection: "AnyConnection") -> None:
    """End a transaction without effect, even where the scope is cancelled.

    It takes five seconds at most. A connection that cannot roll back is cut, which rolls back as well.
    """
    with anyio.CancelScope(shield=True):
        try:
            with anyio.fail_after(_ROLLBACK_S):
                await connection.execute("ROLLBACK")
        except Exception:  # noqa: BLE001 - whatever it was, cutting the connection makes the server roll back
            cut(connection)


async def roll_back_to(connection: "AnyConnection", savepoint: str) -> None:
    """Undo what came after a savepoint, and the savepoint, even where the scope is cancelled.

    It takes five seconds at most. A connection that cannot do it is cut, which undoes everything.
    """
    with anyio.CancelScope(shield=True):
        try:
            with anyio.fail_after(_ROLLBACK_S):
                await connection.execute(f"ROLLBACK TO SAVEPOINT {savepoint}; RELEASE SAVEPOINT {savepoint}")
        except Exception:  # noqa: BLE001 - whatever it was, the server is not to commit it
            cut(connection)


def cut(connection: "AnyConnection") -> None:
    """End a connection without a word to the server, which then rolls back and gives up its locks."""
    if not is_gone(connection):
        connection.terminate()
