"""Ledger, tally and archive a release later. Their states have a new field each, which the older release must not erase."""

from datetime import timedelta

import anyio
from msgspec import Struct
from msgspec.structs import replace

from bus import Refusal
from nexus_actors import Actor, Context, Service, handles
from tests.faults.archive import service as old_archive
from tests.faults.ledger import service as old_ledger
from tests.faults.ledger.contract import LEDGER, Post, Receipt
from tests.faults.ledger.service import AUDITED, failing, linger, spoil
from tests.faults.next.contract import Audit, Give, Given, Posted
from tests.faults.tally import service as old_tally
from tests.faults.tuning import Tuning

_AUDIT_AFTER = timedelta(seconds=0.5)
_ENTRY = "INSERT INTO entries (account, number, operation, amount) VALUES ($1, $2, $3, $4)"
_HANDLED = "INSERT INTO handled (reader, account, number) VALUES ($1, $2, $3)"


class AccountState(Struct):
    """What an account remembers: how many gifts, too."""

    number: int = 0
    total: int = 0
    gifts: int = 0


class Account(Actor[AccountState]):
    """Keeps one account."""

    @handles
    async def post(self, message: Post, ctx: Context) -> Receipt:
        await self._write(message, ctx)
        if message.linger_s:
            await linger(message.linger_s)
        if message.amount < 0:
            raise Refusal.invalid("negative", "Post an amount that is not negative.")
        if failing(message):
            raise ValueError("this attempt fails")
        receipt = self._enter(message, ctx)
        spoil(message, self.state)
        return receipt

    @handles
    async def give(self, message: Give, ctx: Context) -> Receipt:
        await self._write(message, ctx)
        self.state.gifts += 1
        receipt = self._enter(message, ctx)
        ctx.publish(Given(account=self.key, number=receipt.number))
        return receipt

    @handles
    async def audit(self, message: Audit, ctx: Context) -> None:
        await ctx.db.execute("INSERT INTO audits (account, number) VALUES ($1, $2)", self.key, message.number)

    async def _write(self, message: Post | Give, ctx: Context) -> None:
        await ctx.db.execute(_ENTRY, self.key, self.state.number + 1, message.operation, message.amount)

    def _enter(self, message: Post | Give, ctx: Context) -> Receipt:
        number = self.state.number + 1
        self.state.number, self.state.total = number, self.state.total + message.amount
        ctx.publish(
            Posted(
                account=self.key,
                number=number,
                operation=message.operation,
                cents=message.amount,
                teller=message.teller,
            )
        )
        if number % AUDITED == 0:
            audit = Audit(account=self.key, number=number, why="round")
            ctx.schedule(audit, ctx.now + _AUDIT_AFTER, f"audit-{number}")
        return Receipt(number, self.state.total)


class TallyState(Struct):
    """What came from one account: how many gifts, too."""

    count: int = 0
    last: int = 0
    total: int = 0
    disorder: int = 0
    gifts: int = 0


class AccountTally(Actor[TallyState]):
    """Counts the entries of one account."""

    @handles
    def posted(self, messages: list[Posted], ctx: Context) -> None:
        for message in messages:
            self.state.count += 1
            self.state.total += message.cents
            self.state.disorder += message.number != self.state.last + 1
            self.state.last = message.number

    @handles
    def given(self, message: Given, ctx: Context) -> None:
        self.state.gifts += 1


class TellerTally(Actor[None]):
    """Lists the entries of one teller."""

    @handles(key="teller")
    async def posted(self, message: Posted, ctx: Context) -> None:
        await ctx.db.execute(_HANDLED, self.key, message.account, message.number)


class Shelf(Actor[None]):
    """Lists the entries of one account."""

    @handles
    async def posted(self, message: Posted, ctx: Context) -> None:
        await anyio.sleep(Tuning.here.archive_s if Tuning.here else 0)
        await ctx.db.execute(_HANDLED, self.key, message.account, message.number)

    @handles
    async def given(self, message: Given, ctx: Context) -> None:
        """A gift has been listed as an entry."""


ledger = Service(replace(old_ledger.ENTRY, package=None), topic=LEDGER, actors=[Account])
tally = Service(replace(old_tally.ENTRY, package=None), topic=old_tally.TALLY, actors=[AccountTally, TellerTally])
archive = Service(replace(old_archive.ENTRY, package=None), topic=old_archive.ARCHIVE, actors=[Shelf])
for _service, _older in ((ledger, old_ledger), (tally, old_tally), (archive, old_archive)):
    _service.migrations = _older.service.migrations
