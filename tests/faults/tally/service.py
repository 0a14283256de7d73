"""Counts what the ledger has posted: by account in states alone, by teller in rows and under another key."""

from msgspec import Struct

from bus import Topic
from nexus_actors import Actor, Context, Service, ServiceEntry, handles
from tests.faults.ledger.contract import Posted

TALLY = Topic("tally-ms", partitions=4)


class TallyState(Struct):
    """What came from one account.

    Attributes:
        disorder: how many entries were not the one after the last.
    """

    count: int = 0
    last: int = 0
    total: int = 0
    disorder: int = 0


class AccountTally(Actor[TallyState]):
    """Counts the entries of one account, without a row of its own: its commit is one statement."""

    @handles
    def posted(self, messages: list[Posted], ctx: Context) -> None:
        for message in messages:
            self.state.count += 1
            self.state.total += message.amount
            self.state.disorder += message.number != self.state.last + 1
            self.state.last = message.number


class TellerTally(Actor[None]):
    """Lists the entries of one teller. The event's key is the account, so it is forwarded."""

    @handles(key="teller")
    async def posted(self, message: Posted, ctx: Context) -> None:
        await ctx.db.execute(
            "INSERT INTO handled (reader, account, number) VALUES ($1, $2, $3)", self.key, message.account, message.number
        )


ENTRY = ServiceEntry(name=TALLY.service, title="Tally", module=None, port=2, package="tests.faults.tally", layer="business")
service = Service(ENTRY, topic=TALLY, actors=[AccountTally, TellerTally])
