"""Telling poolers such as PgBouncer from PostgreSQL itself, and those that lend sessions from those that lend less.

Source: PgBouncer's documentation, "SQL feature map for pooling modes".
"""

from typing import TYPE_CHECKING, Any, Final

import asyncpg

from nexus_actors.errors import ConfigError
from nexus_actors.postgres.lost import is_lost, unavailable

if TYPE_CHECKING:
    from asyncpg import Connection

    from nexus_actors.postgres.atomic import AnyConnection
    from nexus_actors.postgres.primary import Primary

_ROUNDS: Final = 4
_NO_TRANSACTIONS: Final = "transaction blocks not allowed"
_PID: Final = "SELECT pg_backend_pid()"
# What asyncpg meets where a statement that it prepared is not there any more, or another's is.
NOT_OURS: Final = (asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError)


def refused_start(error: Exception) -> bool:
    """Whether a pooler refused settings in the start packet. PostgreSQL itself takes all that we put there."""
    return isinstance(error, asyncpg.ProtocolViolationError) and "startup parameter" in str(error)


async def is_pooled(connection: "AnyConnection") -> bool:
    """Whether somebody stands between us and PostgreSQL.

    A pooler gives each client a key of its own for cancelling, so the process that it names is not the one that answers.
    """
    return bool(await connection.fetchval(_PID) != connection.get_server_pid())


def transaction_mode(shown_url: str) -> ConfigError:
    """The refusal of a pooler that lends servers for less than a session."""
    return ConfigError(
        f"NEXUS_DATABASE_URL ({shown_url}) leads to a pooler, such as PgBouncer, that gives each transaction another session. "
        "Statements would run in the schema of another service, for search_path, time limits, prepared statements and locks "
        "belong to a session. Set pool_mode=session for this database, or give the address of PostgreSQL itself."
    )


async def check_sessions(primary: "Primary", database_url: str, timeout_s: float, shown_url: str) -> None:
    """See that a pooler lends its servers for whole sessions.

    Two sessions are opened. While the second is in a transaction, the first must be where it was, and alone there. A pooler by
    transactions gives what one of them has just left to whoever comes next. Nothing is set here, for that would stay with a
    server which another client is given.

    Raises:
        ConfigError: it does not.
        DatabaseUnavailable: it went away.
    """

    async def open_session() -> "Connection[Any]":
        return await primary.connect(database_url, timeout=timeout_s, command_timeout=timeout_s, statement_cache_size=0)

    opened: list[Connection[Any]] = []
    try:
        opened = [await open_session(), await open_session()]
        for _ in range(_ROUNDS):
            if not await _hold(*opened):
                raise transaction_mode(shown_url)
    except NOT_OURS as error:
        raise transaction_mode(shown_url) from error
    except Exception as error:
        if _NO_TRANSACTIONS in str(error):
            raise transaction_mode(shown_url) from error
        if is_lost(error):
            raise unavailable(error) from error
        raise
    finally:
        for connection in opened:
            connection.terminate()


async def _hold(one: "Connection[Any]", other: "Connection[Any]") -> bool:
    before = await _process(one)
    await other.execute("BEGIN")
    elsewhere = await other.fetchval(_PID)
    after = await _process(one)
    await other.execute("COMMIT")
    return bool(before == after != elsewhere)


async def _process(connection: "Connection[Any]") -> int:
    """The server's process, asked in a transaction: outside of one, each message may go to another."""
    await connection.execute("BEGIN")
    found: int = await connection.fetchval(_PID)
    await connection.execute("COMMIT")
    return found
