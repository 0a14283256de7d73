"""Connections to PostgreSQL: the one place that builds pools of them."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import anyio
import asyncpg

from nexus_actors.errors import ConfigError, DatabaseUnavailable
from nexus_actors.postgres.codecs import set_codecs
from nexus_actors.postgres.lost import is_lost, unavailable
from nexus_actors.redaction import redact_text

if TYPE_CHECKING:
    from asyncio import BaseTransport

    from asyncpg import Connection, Pool

MIN_SERVER: Final = 15
_CONNECT_S: Final = 5.0
_COMMAND_S: Final = 35.0
_LOCK_MS: Final = 10_000
_CLOSE_S: Final = 5.0
_IDLE_S: Final = 60.0
_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 2.0
_KEEPALIVE: Final = {"IDLE": 30, "INTVL": 5, "CNT": 3}

DatabasePool: TypeAlias = "Pool[Any]"
"""A pool of connections to one schema, for those who pass it on and never ask it anything."""

_SESSION: Final = {
    # A turn holds its transaction for milliseconds. A client that froze in one gives up its locks and its snapshot.
    "idle_in_transaction_session_timeout": "5s",
    "statement_timeout": "30s",
    "tcp_keepalives_idle": str(_KEEPALIVE["IDLE"]),
    "tcp_keepalives_interval": str(_KEEPALIVE["INTVL"]),
    "tcp_keepalives_count": str(_KEEPALIVE["CNT"]),
    "timezone": "UTC",
    # Our statements are short; compiling them costs more than it saves.
    "jit": "off",
}


@asynccontextmanager
async def open_pool(
    database_url: str,
    *,
    schema: str,
    application_name: str,
    max_size: int = 10,
    read_only: bool = False,
    lock_timeout_ms: int = _LOCK_MS,
    connect_within_s: float = 30.0,
) -> AsyncIterator["Pool[Any]"]:
    """A pool of connections whose ``search_path`` is the schema of a service, then the schema ``nexus`` of the runtime.

    It opens connections when they are needed and closes them after a minute without use. A connection goes back to the pool
    without ``RESET ALL``, which would be one more round trip for every read: whoever changes a setting uses ``SET LOCAL``.

    Args:
        database_url: where the database is (libpq URI).
        schema: the schema of the service.
        application_name: how its connections show in ``pg_stat_activity``.
        max_size: the most connections at a time; who needs one more waits.
        read_only: whether PostgreSQL is to refuse every change that comes through this pool.
        lock_timeout_ms: how long a statement waits for a lock.
        connect_within_s: how many seconds to go on trying where the server is not there yet.

    Raises:
        DatabaseUnavailable: the server could not be reached in that time.
        ConfigError: the server was reached and will never take us in: wrong password, no such database, too old a server.
    """
    named = {"search_path": f"{schema},nexus", "application_name": application_name}
    settings = {**_SESSION, **named, "lock_timeout": str(lock_timeout_ms)}
    if read_only:
        settings["default_transaction_read_only"] = "on"
    pool = await _create(database_url, settings, max_size)
    try:
        await _connect_first(pool, connect_within_s, redact_text(database_url))
        yield pool
    finally:
        await _close(pool)


async def _create(database_url: str, settings: dict[str, str], max_size: int) -> "Pool[Any]":
    return await asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=max_size,
        max_inactive_connection_lifetime=_IDLE_S,
        timeout=_CONNECT_S,
        # The server ends a statement after statement_timeout; this is for a server that no longer answers.
        command_timeout=_COMMAND_S,
        server_settings=settings,
        init=_prepare,
        reset=_keep_session,
    )


async def _prepare(connection: "Connection[Any]") -> None:
    _keep_alive(connection)
    await set_codecs(connection)


def _keep_alive(connection: "Connection[Any]") -> None:
    """Notice within a minute that the server's machine is gone.

    asyncpg has no setting for it (its issue 606), so the option is set on the socket itself.
    """
    transport: BaseTransport = connection._transport  # type: ignore[attr-defined]  # private, so the stubs leave it out
    opened: socket.socket | None = transport.get_extra_info("socket")
    if opened is None or opened.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        option = getattr(socket, f"TCP_KEEP{name}", None)
        if option is not None:
            opened.setsockopt(socket.IPPROTO_TCP, option, value)


async def _keep_session(_: "Connection[Any]") -> None:
    """Nothing to reset: see ``open_pool``. asyncpg itself still rolls back a transaction that was left open."""


async def _connect_first(pool: "Pool[Any]", within_s: float, shown_url: str) -> None:
    deadline = anyio.current_time() + within_s
    wait_s = _FIRST_WAIT_S
    while True:
        try:
            async with pool.acquire() as connection:
                _check_version(connection)
                return
        except ValueError as error:
            # Among them asyncpg's ClientConfigurationError. Not as its cause: that would show the text as it was.
            raise ConfigError(f"NEXUS_DATABASE_URL ({shown_url}) is malformed: {redact_text(str(error))}.") from None
        except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
            raise ConfigError(f"NEXUS_DATABASE_URL ({shown_url}) is refused by the server: {error}.") from error
        except Exception as error:
            if not is_lost(error):
                raise
            if anyio.current_time() + wait_s > deadline:
                message = f"No database at {shown_url} within {within_s:g} s: {unavailable(error)} Is the server running?"
                raise DatabaseUnavailable(message) from error
        await anyio.sleep(wait_s)
        wait_s = min(wait_s * 2, _LONGEST_WAIT_S)


def _check_version(connection: "asyncpg.pool.PoolConnectionProxy[Any]") -> None:
    version = connection.get_server_version()
    if version.major < MIN_SERVER:
        raise ConfigError(
            f"NEXUS_DATABASE_URL leads to PostgreSQL {version.major}.{version.minor}; {MIN_SERVER} or later is needed."
        )


async def _close(pool: "Pool[Any]") -> None:
    """Close in good order, and in bad order after a while: a connection may hang on a server that is gone."""
    with anyio.CancelScope(shield=True), anyio.move_on_after(_CLOSE_S):
        await pool.close()
        return
    pool.terminate()
