"""Connections to PostgreSQL: the one place that builds pools of them."""

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import anyio
import asyncpg

from bus.certificates import POSTGRES_FILES, check_certificates
from nexus_actors.errors import ConfigError, DatabaseUnavailable
from nexus_actors.failures.redaction import redact_text
from nexus_actors.postgres.codecs import set_codecs
from nexus_actors.postgres.lost import is_lost, unavailable
from nexus_actors.postgres.pooler import NOT_OURS, check_sessions, is_pooled, refused_start, transaction_mode
from nexus_actors.postgres.primary import Primary
from nexus_actors.postgres.session import KEEPALIVE, passed_on, put_session, session_settings

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
# A setting of the address that the server does not know is among them: asyncpg takes what it does not know itself for one.
_REFUSED: Final = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.UndefinedObjectError,
)

DatabasePool: TypeAlias = "Pool[Any]"
"""A pool of connections to one schema, for those who pass it on and never ask it anything."""


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

    Of several servers in the address it finds the primary. Behind a pooler, which passes few settings on, connections are set
    up once they are open. They are opened when needed and closed after a minute without use. A connection goes back to the pool
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
        ConfigError: the server was reached and will never take us in: wrong password, no such database, too old a server,
            a certificate that is not trusted, a pooler that lends servers for less than a session.
    """
    address = _read(database_url)
    settings = session_settings(schema, application_name, read_only=read_only, lock_timeout_ms=lock_timeout_ms)
    pool = await _create(address, settings, max_size)
    try:
        if await _connect_first(pool, address, connect_within_s):
            await _close(pool)
            pool = await _open_pooled(address, settings, max_size, connect_within_s)
        yield pool
    finally:
        await _close(pool)


class _Address(NamedTuple):
    url: str
    shown_url: str
    primary: Primary


def _read(database_url: str) -> _Address:
    shown_url = redact_text(database_url)
    try:
        check_certificates(database_url, POSTGRES_FILES)
        return _Address(database_url, shown_url, Primary(database_url))
    except ValueError as error:
        raise ConfigError(f"NEXUS_DATABASE_URL ({shown_url}) {redact_text(str(error))}.") from None


async def _create(address: _Address, settings: dict[str, str], max_size: int, *, pooled: bool = False) -> "Pool[Any]":
    async def prepare(connection: "Connection[Any]") -> None:
        _keep_alive(connection)
        if pooled:
            await put_session(connection, settings)
        await set_codecs(connection)

    connect: Any = address.primary.connect  # the stubs want each option of it by name
    pool: Pool[Any] = await asyncpg.create_pool(
        address.url,
        connect=connect,
        min_size=0,
        max_size=max_size,
        max_inactive_connection_lifetime=_IDLE_S,
        timeout=_CONNECT_S,
        # The server ends a statement after statement_timeout; this is for a server that no longer answers.
        command_timeout=_COMMAND_S,
        server_settings=passed_on(settings) if pooled else settings,
        init=prepare,
        reset=_keep_session,
    )
    return pool


def _keep_alive(connection: "Connection[Any]") -> None:
    """Notice within a minute that the server's machine is gone.

    asyncpg has no setting for it (its issue 606), so the option is set on the socket itself.
    """
    transport: BaseTransport = connection._transport  # type: ignore[attr-defined]  # private, so the stubs leave it out
    opened: socket.socket | None = transport.get_extra_info("socket")
    if opened is None or opened.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        option = getattr(socket, f"TCP_KEEP{name}", None)
        if option is not None:
            opened.setsockopt(socket.IPPROTO_TCP, option, value)


async def _keep_session(_: "Connection[Any]") -> None:
    """Nothing to reset: see ``open_pool``. asyncpg itself still rolls back a transaction that was left open."""


async def _open_pooled(address: _Address, settings: dict[str, str], max_size: int, within_s: float) -> "Pool[Any]":
    await check_sessions(address.primary, address.url, _CONNECT_S, address.shown_url)
    pool = await _create(address, settings, max_size, pooled=True)
    try:
        await _connect_first(pool, address, within_s)
    except BaseException:
        await _close(pool)
        raise
    return pool


async def _connect_first(pool: "Pool[Any]", address: _Address, within_s: float) -> bool:
    """Wait for the first connection; whether it leads through a pooler."""
    shown_url = address.shown_url
    deadline = anyio.current_time() + within_s
    wait_s = _FIRST_WAIT_S
    while True:
        try:
            async with pool.acquire() as connection:
                _check_version(connection)
                return await is_pooled(connection)
        except Exception as error:
            if refused_start(error):
                return True
            if (refusal := _refusal(error, shown_url)) is not None:
                # Not as its cause: that would show the text as it was.
                raise refusal from None
            if not is_lost(error):
                raise
            if anyio.current_time() + wait_s > deadline:
                message = f"No database at {shown_url} within {within_s:g} s: {unavailable(error)} Is the server running?"
                raise DatabaseUnavailable(message) from error
        await anyio.sleep(wait_s)
        wait_s = min(wait_s * 2, _LONGEST_WAIT_S)


def _refusal(error: Exception, shown_url: str) -> ConfigError | None:
    """What waiting would not help against."""
    said = redact_text(str(error))
    if isinstance(error, NOT_OURS):
        return transaction_mode(shown_url)
    if isinstance(error, ssl.SSLCertVerificationError):
        # A ValueError by descent, so it comes before these.
        return ConfigError(f"NEXUS_DATABASE_URL ({shown_url}) leads to a server whose certificate is not trusted: {said}.")
    if isinstance(error, ValueError):
        # Among them asyncpg's ClientConfigurationError.
        return ConfigError(f"NEXUS_DATABASE_URL ({shown_url}) is malformed: {said}.")
    if isinstance(error, _REFUSED):
        return ConfigError(f"NEXUS_DATABASE_URL ({shown_url}) is refused by the server: {said}.")
    return None


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
