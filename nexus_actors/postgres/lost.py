"""Telling a database that cannot be reached, or is in trouble, from a statement that is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from asyncpg import exceptions

from nexus_actors.errors import DatabaseTroubled, DatabaseUnavailable
from nexus_actors.postgres.troubles import READ_ONLY, refused_entry, trouble_of

# Losses of a connection that nobody explains, or that the handler may have caused by keeping the server waiting. Python's own
# errors of sockets, name resolution and time-outs are all OSError.
_GONE: Final = (
    OSError,
    exceptions.PostgresConnectionError,
    exceptions.IdleInTransactionSessionTimeoutError,
    exceptions.TransactionTimeoutError,
)


class Closable(Protocol):
    """A connection, as far as it is needed to know that it is gone."""

    def is_closed(self) -> bool:
        """Whether the connection has ended."""
        ...

    def terminate(self) -> None:
        """End it at once."""
        ...


@contextmanager
def unavailable_when_lost(connection: Closable | None = None, *, read_only: bool = False) -> Iterator[None]:
    """Raise ``DatabaseUnavailable`` for any error that comes from a lost or missing connection or from a trouble of the server.

    Every other error goes through as it is.

    Args:
        connection: the one in use, where there is one: asyncpg reports its loss in several ways, and its state is the surest.
        read_only: it was made for reading alone; see `trouble_of`.
    """
    try:
        yield
    except Exception as error:
        if (trouble := trouble_of(error, read_only=read_only)) is not None:
            if connection is not None and getattr(error, "sqlstate", "") == READ_ONLY and not is_gone(connection):
                # Whether a session is read-only may be decided at its beginning, and a new one may lead to another server.
                connection.terminate()
            raise trouble from error
        if isinstance(error, _GONE) or (connection is not None and is_gone(connection)):
            raise unavailable(error) from error
        raise


@contextmanager
def troubled_when_refused() -> Iterator[None]:
    """Raise ``DatabaseTroubled`` where no connection can be had, whatever the reason: no statement is to blame."""
    try:
        yield
    except Exception as error:
        if (trouble := refused_entry(error)) is not None:
            raise trouble from error
        if is_lost(error):
            raise DatabaseTroubled(str(unavailable(error)), "The database cannot be reached.") from error
        raise


def is_lost(error: Exception) -> bool:
    """Whether the error by itself says that the database cannot work now, so that trying again later may help."""
    return isinstance(error, _GONE) or trouble_of(error) is not None


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
