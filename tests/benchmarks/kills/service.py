"""The service whose workers are killed: a row for each numbered message."""

from typing import Final

import anyio

from bus import Event, Topic
from nexus_actors import Actor, Context, Service, ServiceEntry, handles
from tests.benchmarks.peers.process import INSERT, WORK_S

NUMBERS: Final = Topic("numbers-ms", partitions=8)


class Numbered(Event, topic=NUMBERS, key="key"):
    """A numbered message."""

    key: str
    number: int


class Writer(Actor[None]):
    """Writes down the numbers of one key."""

    @handles
    async def numbered(self, message: Numbered, ctx: Context) -> None:
        """Do what the tasks of the peers do."""
        await anyio.sleep(WORK_S)
        await ctx.db.execute(INSERT, message.key, message.number)
        await anyio.sleep(WORK_S)


ENTRY: Final = ServiceEntry(
    name="kills-ms", title="Kills", module="test", port=1, package="tests.benchmarks.kills", layer="business"
)
service: Final = Service(ENTRY, topic=Topic("kills-ms", partitions=8), actors=[Writer])
