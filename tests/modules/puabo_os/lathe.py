"""A service whose messages fail until a test mends the cause."""

from uuid import UUID

from msgspec import Struct

from bus import Command, Event, Topic
from nexus_actors import Actor, Context, Service, ServiceEntry, handles

LATHES = Topic("lathe-ms", partitions=4)
SECRET = "hunter22"


class Cut(Command[None], topic=LATHES, key="lathe", scope="lathe:write"):
    """Cut a part on a lathe."""

    lathe: str
    part: str
    password: str = SECRET


class PartCut(Event, topic=LATHES, key="lathe"):
    """A part was cut."""

    lathe: str
    part: str


class LatheState(Struct):
    """What was cut, in order."""

    parts: list[str] = []


class Lathe(Actor[LatheState]):
    """Cuts parts, unless they are broken."""

    @handles
    def cut(self, message: Cut, ctx: Context) -> None:
        if message.part in BROKEN:
            raise ValueError(f"part {message.part} breaks the tool; password={message.password}")
        self.state.parts.append(message.part)
        ctx.publish(PartCut(lathe=self.key, part=message.part))


BROKEN: set[str] = set()
"""The parts that nobody can cut. A test puts them in, and takes them out when it mends the cause."""

ENTRY = ServiceEntry(name="lathe-ms", title="Lathe", module="test", port=1, package="tests", layer="business")
lathe = Service(ENTRY, topic=LATHES, actors=[Lathe])
NOBODY = UUID("01950000-0000-7000-8000-000000000001")
