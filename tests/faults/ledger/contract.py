"""The service under fault: accounts, each with a running number."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from bus import Command, Event, Topic

LEDGER = Topic("ledger-ms", partitions=8)

POISON = 666


class Receipt(Struct, frozen=True):
    """Which entry of its account a posting became, and what the account stands at."""

    number: int
    total: int


class Post(Command[Receipt], topic=LEDGER, key="account"):
    """Post an amount. Negative ones are refused, after rows were written; `POISON` fails each time, at the end of its turn.

    Attributes:
        linger_s: the turn takes so long.
        fails: so many attempts fail in each process that tries.
        spoils: how `POISON` fails; see `tests.poison`.
    """

    account: str
    operation: UUID
    amount: int
    teller: str
    linger_s: float = 0.0
    fails: int = 0
    spoils: str = "an error"


class Audit(Command[None], topic=LEDGER, key="account"):
    """Sent by a timer, some time after an entry."""

    account: str
    number: int
    why: Literal["tenth"] = "tenth"


class Posted(Event, topic=LEDGER, key="account"):
    """An amount was posted as the account's next entry."""

    account: str
    number: int
    operation: UUID
    amount: int
    teller: str
