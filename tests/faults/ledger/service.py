"""Accounts: state, rows, events and timers in every turn, and no constraint that would hide a turn done twice."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

import anyio
from msgspec import Struct

from bus import Refusal
from nexus_actors import Actor, Context, Service, ServiceEntry, handles
from tests.faults.ledger.contract import LEDGER, POISON, Audit, Post, Posted, Receipt
from tests.faults.tuning import Tuning
from tests.poison import poison

AUDITED = 10
_AUDIT_AFTER = timedelta(seconds=0.5)

_failed: Counter[UUID] = Counter()


def failing(message: Post) -> bool:
    """Whether an attempt at a message is to fail."""
    if not message.fails:
        return False
    _failed[message.operation] += 1
    return _failed[message.operation] <= message.fails


def spoil(message: Post, state: Struct) -> None:
    """Spoil the turn of a poisoned message, when all else of it is done."""
    if message.amount == POISON:
        poison(message.spoils, state)


async def linger(seconds: float) -> None:
    """Stay in the turn, and let the fault know."""
    if Tuning.here:
        Tuning.here.lingering = True
    await anyio.sleep(seconds)
    if Tuning.here:
        Tuning.here.lingering = False


class AccountState(Struct):
    """What an account remembers."""

    number: int = 0
    total: int = 0


class Account(Actor[AccountState]):
    """Keeps one account."""

    @handles
    async def post(self, message: Post, ctx: Context) -> Receipt:
        number = self.state.number + 1
        await ctx.db.execute(
            "INSERT INTO entries (account, number, operation, amount) VALUES ($1, $2, $3, $4)",
            self.key,
            number,
            message.operation,
            message.amount,
        )
        if message.linger_s:
            await linger(message.linger_s)
        if message.amount < 0:
            raise Refusal.invalid("negative", "Post an amount that is not negative.")
        if failing(message):
            raise ValueError("this attempt fails")
        self.state.number, self.state.total = number, self.state.total + message.amount
        event = Posted(
            account=self.key,
            number=number,
            operation=message.operation,
            amount=message.amount,
            teller=message.teller,
        )
        ctx.publish(event)
        if number % AUDITED == 0:
            ctx.schedule(Audit(account=self.key, number=number), ctx.now + _AUDIT_AFTER, f"audit-{number}")
        receipt = Receipt(number, self.state.total)
        spoil(message, self.state)
        return receipt

    @handles
    async def audit(self, message: Audit, ctx: Context) -> None:
        await ctx.db.execute("INSERT INTO audits (account, number) VALUES ($1, $2)", self.key, message.number)


ENTRY = ServiceEntry(name=LEDGER.service, title="Ledger", module=None, port=1, package="tests.faults.ledger", layer="business")
service = Service(ENTRY, topic=LEDGER, actors=[Account])
