"""Telling a database that cannot be reached from a statement that is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from asyncpg import exceptions

from nexus_actors.errors import DatabaseUnavailable

# What the server says when it goes away, or cannot take us in yet. Python's own errors of sockets, name resolution and
# time-outs are all OSError.
_GONE: Final = (
    OSError,
    exceptions.PostgresConnectionError,
    exceptions.AdminShutdownError,
    exceptions.CrashShutdownError,
    exceptions.CannotConnectNowError,
    exceptions.TooManyConnectionsError,
    exceptions.IdleInTransactionSessionTimeoutError,
)


class Closable(Protocol):
    """A connection, as far as it is needed to know that it is gone."""

    def is_closed(self) -> bool:
        """Whether the connection has ended."""
        ...


@contextmanager
def unavailable_when_lost(connection: Closable | None = None) -> Iterator[None]:
    """Raise ``DatabaseUnavailable`` for any error that comes from a lost or missing connection; let every other error through.

    Args:
        connection: the one in use, where there is one: asyncpg reports its loss in several ways, and its state is the surest.
    """
    try:
        yield
    except Exception as error:
        if is_lost(error) or (connection is not None and is_gone(connection)):
            raise unavailable(error) from error
        raise


def is_lost(error: Exception) -> bool:
    """Whether the error by itself says that the database cannot be reached, so that trying again later may help."""
    return isinstance(error, _GONE)


def is_gone(connection: Closable) -> bool:
    """Whether a connection that we hold has ended. A pool takes back at once what has ended, and then it answers nothing."""
    try:
        return connection.is_closed()
    except exceptions.InterfaceError:
        return True


def unavailable(cause: Exception) -> DatabaseUnavailable:
    """The neutral error for a cause, worded for the log."""
    said = str(cause) or "no answer in time"
    return DatabaseUnavailable(f"The database cannot be reached ({type(cause).__name__}: {said}). Try again in a moment.")
