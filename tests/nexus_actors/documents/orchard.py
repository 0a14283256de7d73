"""Trees are planted and picked.

A contract, an actor and routes of a service that exists for tests only.
"""

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from bus import Command, Event, Topic
from nexus_actors import Actor, Context, Service, handles
from nexus_actors.http import Request, Routes
from nexus_actors.platform.catalogue import ServiceEntry

ORCHARD = Topic("orchard-ms", partitions=4)
WEATHER = Topic("weather-ms", partitions=1)


class Spot(Struct, frozen=True):
    """A place in the orchard.

    Attributes:
        row: counted from the gate,
            the first is 1.
    """

    row: Annotated[int, Meta(ge=1)]
    pair: tuple[int, str] = (0, "left")


class TreeDraft(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be planted.

    Attributes:
        sort: apple or pear.
    """

    sort: str


class Apple(Struct, frozen=True, tag="apple"):
    sort: str


class Pear(Struct, frozen=True, tag="pear"):
    """A pear."""


class Tree(Struct, frozen=True, kw_only=True):
    tree_id: UUID
    spot: Spot


class PlantTree(Command[Tree], topic=ORCHARD, key="tree_id", scope="orchard:write"):
    """Plant a tree. What stands
    there already stays.

    A second tree in the same place is refused.

    Attributes:
        spot: where.
    """

    tree_id: UUID
    spot: Spot | None = None


class PruneTree(Command[None], topic=ORCHARD, key="tree_id"):
    """Cut what is too long."""

    tree_id: UUID


class FruitPicked(Event, topic=ORCHARD, key="tree_id", version=3, batch="fruit"):
    """Fruit left the tree."""

    tree_id: UUID
    fruit: tuple[Apple | Pear, ...]


class FrostCame(Event, topic=WEATHER, key="place"):
    """It froze."""

    place: str
    tree_id: UUID


class TreeState(Struct):
    planted: bool = False


class TreeActor(Actor[TreeState]):
    @handles
    def plant(self, message: PlantTree, ctx: Context) -> Tree:
        raise NotImplementedError

    @handles
    def prune(self, message: PruneTree, ctx: Context) -> None:
        raise NotImplementedError

    @handles(key="tree_id")
    def frost(self, message: FrostCame, ctx: Context) -> None:
        raise NotImplementedError


class FrostLog(Actor[None]):
    @handles
    def frost(self, message: FrostCame, ctx: Context) -> None:
        raise NotImplementedError


routes = Routes(tag="trees")


@routes.post("/v1/trees", scope="orchard:write", status=201)
async def plant_tree(request: Request, body: TreeDraft) -> Tree:
    """Plant a tree | or two."""
    raise NotImplementedError


@routes.get("/v1/trees/{tree_id}", scope=None)
async def get_tree(tree_id: UUID) -> Tree:
    """Show a tree."""
    raise NotImplementedError


def service(**more: Any) -> Service:
    entry = ServiceEntry(
        name="orchard-ms", title="Orchard MS", module=None, port=7001, package="orchard", layer="infrastructure"
    )
    return Service(entry, topic=ORCHARD, actors=[TreeActor, FrostLog], routes=[routes], **more)
