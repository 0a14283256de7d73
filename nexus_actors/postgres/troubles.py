"""Troubles of the database, by what PostgreSQL calls them (SQLSTATE, appendix A of its manual): never the fault of a message.

What stands in no table here is the statement's own doing, and counts as its handler's failure. Among that, after some thought:

- 57014 (query canceled): the statement took longer than ``statement_timeout``. Where it only waited for a lock, 55P03 came long
  before. An operator who cancels it by hand most likely means that statement.
- 53400 (configuration limit exceeded): it wrote more temporary files than ``temp_file_limit`` allows.
- 54*** (program limit exceeded), XX000 (internal error), 42501 (insufficient privilege): it asks for what it does not get.
- 08*** (connection exceptions): that is how asyncpg tells that a connection was lost, for whatever reason; see `lost`.
- 25P03, 25P04 (idle in transaction, transaction timeout): the handler kept the server waiting. The connection is lost by that,
  which `nexus_actors.runtime.parking` looks into.
"""

from collections.abc import Mapping
from typing import Final

from asyncpg import PostgresError
from asyncpg.exceptions import ConnectionDoesNotExistError, InvalidCachedStatementError, OutdatedSchemaCacheError

from nexus_actors.errors import DatabaseBusy, DatabaseDamaged, DatabaseTroubled

READ_ONLY: Final = "25006"

OF_THE_SERVER: Final[Mapping[str, str]] = {
    "53000": "it is short of resources",
    "53100": "its disk is full",
    "53300": "it has no connection left",
    READ_ONLY: "it is read-only: set so, or a standby",
    "57P01": "it is shutting down, or an administrator ended the connection",
    "57P02": "another session crashed it",
    "57P03": "it is starting, stopping or recovering",
    "57P04": "the database was dropped",
    "57P05": "it ended a connection that had nothing to do",
    # Disk and operating system, not one table's pages: 58P01 and 58P02 are below.
    "58000": "its system fails",
    "58030": "its disk fails",
}
"""What concerns everybody: whoever meets it waits, with all that it does."""

OF_THE_STATEMENT: Final[Mapping[str, str]] = {
    "40001": "others changed the same at the same time",
    "40P01": "it and another waited for each other",
    # A statement that asks too much and a machine that has too little look alike, so its own key waits and the others go on.
    "53200": "the server has no memory for it",
    "55006": "others use what it needs for itself",
    "55P03": "another holds the lock that it needs, such as a migration or CREATE INDEX",
    # These, the damages: whoever does not need the table or index goes on; whoever does waits until it is repaired.
    "58P01": "a file of the database is missing",
    "58P02": "a file of the database is in the way",
    "XX001": "a table is damaged",
    "XX002": "an index is damaged",
}
"""What concerns one table or row: its key waits, and the others go on."""

DAMAGES: Final = frozenset({"58P01", "58P02", "XX001", "XX002"})

_CHANGED: Final = (InvalidCachedStatementError, OutdatedSchemaCacheError)
"""Asyncpg's own: a migration changed a table between two uses of a prepared statement, which is prepared anew."""


def trouble_of(error: Exception, *, read_only: bool = False) -> DatabaseTroubled | None:
    """The trouble that an error of a statement tells of; None where it is the statement's own fault, or no answer of a server.

    Args:
        read_only: the session was made for reading alone, so that whoever writes in it has made a mistake.
    """
    if isinstance(error, ConnectionDoesNotExistError) and isinstance(error.__cause__, PostgresError):
        error = error.__cause__  # the last that the server said before it closed the connection
    if isinstance(error, _CHANGED):
        return _busy("a migration changed a table that it uses", error)
    if not isinstance(error, PostgresError) or error.sqlstate is None:
        return None
    if error.sqlstate == READ_ONLY and read_only:
        return None
    if (reason := OF_THE_STATEMENT.get(error.sqlstate)) is not None:
        return _busy(reason, error)
    server = OF_THE_SERVER.get(error.sqlstate)
    return None if server is None else _troubled(server, error)


def refused_entry(error: Exception) -> DatabaseTroubled | None:
    """The trouble of a server that answered and did not take us in; None where it did not answer.

    No statement was sent yet, so it is nobody's fault here: a password that was changed, a database that was dropped or closed.
    """
    if not isinstance(error, PostgresError):
        return None
    known = trouble_of(error)
    return _troubled("it does not take us in", error) if known is None or isinstance(known, DatabaseBusy) else known


def _troubled(reason: str, error: Exception) -> DatabaseTroubled:
    reason = f"The database cannot work now: {reason}."
    return DatabaseTroubled(f"{reason} It said: {_said(error)}", reason)


def _busy(reason: str, error: Exception) -> DatabaseBusy:
    reason = f"A statement has to wait: {reason}."
    kind = DatabaseDamaged if getattr(error, "sqlstate", None) in DAMAGES else DatabaseBusy
    return kind(f"{reason} The database said: {_said(error)}", reason)


def _said(error: Exception) -> str:
    return f"{getattr(error, 'sqlstate', None) or type(error).__name__}, {error}"
