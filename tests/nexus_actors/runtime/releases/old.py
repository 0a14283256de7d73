"""A service, and what it reads, as they were."""

from typing import Literal

from msgspec import Struct, field

from bus import Command, Event, Topic
from nexus_actors import Actor, Context, Service, ServiceEntry, handles

DOCK = Topic("dock-ms", partitions=2)
SHIPS = Topic("ships-ms", partitions=2)
ENTRY = ServiceEntry(name=DOCK.service, title="Dock", module=None, port=1, package="tests", layer="business")


class Unload(Command[int], topic=DOCK, key="ship"):
    ship: str


class Paint(Command[None], topic=DOCK, key="ship"):
    ship: str
    colour: Literal["red", "green"]


class Arrived(Event, topic=SHIPS, key="ship"):
    ship: str
    crates: int


class Flagged(Event, topic=SHIPS, key="ship"):
    ship: str
    colour: Literal["red", "green"]


class Crate(Struct):
    label: str
    weight: int = 0


class DockState(Struct):
    crates: int = 0
    unloaded: int = 0
    colour: str = ""
    hold: list[Crate] = field(default_factory=list)


class Dock(Actor[DockState]):
    @handles
    def arrived(self, message: Arrived, ctx: Context) -> None:
        self.state.crates += message.crates
        self.state.hold.append(Crate(label=str(message.crates)))

    @handles
    def flagged(self, message: Flagged, ctx: Context) -> None:
        self.state.colour = message.colour

    @handles
    def paint(self, message: Paint, ctx: Context) -> None:
        self.state.colour = message.colour

    @handles
    def unload(self, message: Unload, ctx: Context) -> int:
        self.state.unloaded += 1
        return self.state.unloaded


service = Service(ENTRY, topic=DOCK, actors=[Dock])
