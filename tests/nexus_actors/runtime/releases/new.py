"""The same service, and what it reads, a release later."""

from typing import Any, Literal

from msgspec import Struct, field

from bus import Command, Event
from nexus_actors import Actor, Context, Service, handles
from tests.nexus_actors.runtime.releases.old import DOCK, ENTRY, SHIPS, Unload


class Paint(Command[None], topic=DOCK, key="ship"):
    """It takes one more colour."""

    ship: str
    colour: Literal["red", "green", "blue"]


class Refit(Command[int], topic=DOCK, key="ship"):
    """A new command."""

    ship: str


class Arrived(Event, topic=SHIPS, key="ship", version=2):
    """A new version."""

    ship: str
    count: int

    @classmethod
    def upcast(cls, version: int, data: dict[str, Any]) -> dict[str, Any]:
        return {"ship": data["ship"], "count": data["crates"]}


class Flagged(Event, topic=SHIPS, key="ship"):
    """It has one more colour."""

    ship: str
    colour: Literal["red", "green", "blue"]


class Sunk(Event, topic=SHIPS, key="ship"):
    """A new event."""

    ship: str


class Crate(Struct):
    """It has a new field."""

    label: str
    weight: int = 0
    owner: str = "nobody"


class Refits(Struct):
    """Is new altogether."""

    count: int = 0


class DockState(Struct):
    """It has new fields."""

    crates: int = 0
    unloaded: int = 0
    colour: str = ""
    hold: list[Crate] = field(default_factory=list)
    refits: Refits = field(default_factory=Refits)
    sunk: bool = False


class Dock(Actor[DockState]):
    @handles
    def arrived(self, message: Arrived, ctx: Context) -> None:
        self.state.crates += message.count
        self.state.hold.append(Crate(label=str(message.count), owner="new"))

    @handles
    def flagged(self, message: Flagged, ctx: Context) -> None:
        self.state.colour = message.colour

    @handles
    def paint(self, message: Paint, ctx: Context) -> None:
        self.state.colour = message.colour

    @handles
    def sunk(self, message: Sunk, ctx: Context) -> None:
        self.state.sunk = True

    @handles
    def refit(self, message: Refit, ctx: Context) -> int:
        self.state.refits.count += 1
        return self.state.refits.count

    @handles
    def unload(self, message: Unload, ctx: Context) -> int:
        self.state.unloaded += 1
        return self.state.unloaded


service = Service(ENTRY, topic=DOCK, actors=[Dock])
