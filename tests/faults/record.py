"""What the load generator knows of each operation: the history that the platform is held to."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from tests.faults.ledger.contract import Receipt

Outcome = Literal["unknown", "accepted", "refused", "parked"]


class Operation(Struct, eq=False):
    """One posting, as its asker sees it.

    Attributes:
        began_at: when it was asked first, by the process's steady clock, in seconds; ``answered_at`` likewise.
        asked: how often.
        spoils: how it fails, where it is poison; see `tests.poison`.
        gift: it is asked by a command that only the next release knows.
        before: the operation of the same account that was answered before this one was asked first.
    """

    account: str
    operation: UUID
    message_id: UUID
    amount: int
    teller: str
    began_at: float
    before: "Operation | None" = None
    linger_s: float = 0.0
    fails: int = 0
    spoils: str = "an error"
    gift: bool = False
    outcome: Outcome = "unknown"
    receipt: Receipt | None = None
    answered_at: float = 0.0
    asked: int = 0


class History:
    """All operations, in the order in which they were asked first."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.dropped: set[UUID] = set()

    def add(self, operation: Operation) -> Operation:
        """Take note of an operation before it is asked."""
        self.operations.append(operation)
        return operation

    def of(self, outcome: Outcome) -> list[Operation]:
        """Those that came out like that."""
        return [operation for operation in self.operations if operation.outcome == outcome]
