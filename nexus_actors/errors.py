"""What can go wrong in the runtime, apart from a rule that says no (``bus.Refusal``)."""


class NexusError(Exception):
    """Base of the runtime's own errors. The message says what happened and what to do."""


class ConfigError(NexusError):
    """The configuration cannot be used; nothing has been started.

    Attributes:
        problems: one sentence per setting at fault, each naming its variable, what is wrong and what is allowed.
    """

    def __init__(self, *problems: str) -> None:
        listing = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"The configuration cannot be used. Change these and start again:{listing}")
        self.problems = problems


class DatabaseUnavailable(NexusError):
    """The database cannot be reached now, or the connection was lost in the middle.

    Whether a statement that was under way took effect is not known. Trying again later may succeed; the HTTP face answers
    503 with Retry-After.
    """


class DatabaseTroubled(DatabaseUnavailable):
    """The database is there and cannot do its work now, or lets nobody in: full, read-only, shutting down, starting.

    No message is to blame, whatever was being handled. What was under way took no effect, unless it was the end of it.

    Attributes:
        reason: the trouble in a few words that stay the same while it lasts.
    """

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason or message


class DatabaseBusy(DatabaseTroubled):
    """What one statement needs is in other hands: a lock that a migration holds, a row, memory. Others may go on meanwhile.

    Nothing of its transaction took effect. Trying again later succeeds.
    """


class DatabaseDamaged(DatabaseBusy):
    """What one statement needs is damaged: a table, an index, a row. Others may go on; it has to wait for who repairs it."""


class MigrationError(NexusError):
    """The database's schema cannot be brought to what this release needs. Nothing of the failed step has been applied."""


class StatementFailed(NexusError):
    """A statement inside a savepoint failed. What came after the savepoint is undone; the turn may go on.

    Outside of savepoints, too, it is raised for what sounds like a trouble of the server and is none; there it dooms the turn.

    Attributes:
        sqlstate: PostgreSQL's code of the error, such as ``23505`` for a row that breaks a unique constraint.
        constraint: the constraint that was broken, where it was one.
    """

    def __init__(self, detail: str, sqlstate: str, constraint: str | None) -> None:
        super().__init__(detail)
        self.sqlstate = sqlstate
        self.constraint = constraint


class TransactionAborted(NexusError):
    """A transaction was to be committed of which a statement had failed. Nothing of it took effect."""
