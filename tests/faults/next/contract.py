"""The ledger's contract a release later: a new command, a new event, a new version and a new value."""

from typing import Any, Literal
from uuid import UUID

from bus import Command, Event
from tests.faults.ledger.contract import LEDGER, Receipt


class Give(Command[Receipt], topic=LEDGER, key="account"):
    """Is new: post an amount that was given."""

    account: str
    operation: UUID
    amount: int
    teller: str


class Audit(Command[None], topic=LEDGER, key="account"):
    """Has a new value, which all timers of this release have."""

    account: str
    number: int
    why: Literal["tenth", "round"] = "tenth"


class Posted(Event, topic=LEDGER, key="account", version=2):
    """Is a new version: the amount is in another field."""

    account: str
    number: int
    operation: UUID
    cents: int
    teller: str

    @classmethod
    def upcast(cls, version: int, data: dict[str, Any]) -> dict[str, Any]:
        data["cents"] = data.pop("amount")
        return data


class Given(Event, topic=LEDGER, key="account"):
    """Is new: an entry was a gift."""

    account: str
    number: int
