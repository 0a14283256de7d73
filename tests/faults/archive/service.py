"""A slow reader of the ledger: what it has not read yet must not be trimmed because others have."""

import anyio

from bus import Topic
from nexus_actors import Actor, Context, Service, ServiceEntry, handles
from tests.faults.ledger.contract import Posted
from tests.faults.tuning import Tuning

ARCHIVE = Topic("archive-ms", partitions=2)


class Shelf(Actor[None]):
    """Lists the entries of one account, as slowly as a fault wants."""

    @handles
    async def posted(self, message: Posted, ctx: Context) -> None:
        await anyio.sleep(Tuning.here.archive_s if Tuning.here else 0)
        await ctx.db.execute(
            "INSERT INTO handled (reader, account, number) VALUES ($1, $2, $3)", self.key, message.account, message.number
        )


ENTRY = ServiceEntry(
    name=ARCHIVE.service, title="Archive", module=None, port=3, package="tests.faults.archive", layer="business"
)
service = Service(ENTRY, topic=ARCHIVE, actors=[Shelf])
