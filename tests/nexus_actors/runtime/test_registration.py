"""The number of partitions of a topic stays what it was when it was first served."""

from collections.abc import Sequence

import pytest

from bus import Command, Event, Topic
from nexus_actors import Actor, Context, Service, ServiceEntry, handles
from nexus_actors.errors import ConfigError
from nexus_actors.testing import MemoryWorld, open_memory_service, open_platform

pytestmark = pytest.mark.anyio


def shop(partitions: int) -> Service:
    """A service whose topic has so many partitions."""
    topic = Topic("shop-ms", partitions=partitions)

    class Buy(Command[None], topic=topic, key="item"):
        """Buy an item."""

        item: str

    class Shop(Actor[None]):
        """Sells."""

        @handles
        def buy(self, message: Buy, ctx: Context) -> None:
            """Nothing happens."""

    return Service(_entry("shop-ms"), topic=topic, actors=[Shop])


def reader(partitions: int) -> Service:
    """Another service, which takes the shop's topic to have so many."""
    topic = Topic("shop-ms", partitions=partitions)

    class Sold(Event, topic=topic, key="item"):
        """An item was sold."""

        item: str

    class Reader(Actor[None]):
        """Reads."""

        @handles
        def sold(self, message: Sold, ctx: Context) -> None:
            """Nothing happens."""

    return Service(_entry("reader-ms"), topic=Topic("reader-ms", partitions=2), actors=[Reader])


def _entry(name: str) -> ServiceEntry:
    return ServiceEntry(name=name, title=name, module="test", port=1, package="tests", layer="business")


async def in_memory(services: Sequence[Service], place: MemoryWorld) -> None:
    for service in services:
        async with open_memory_service(service, world=place):
            pass


@pytest.mark.parametrize("changed", [2, 16])
async def test_a_topic_with_another_number_is_refused_at_the_start(database_url: str, changed: int) -> None:
    async with open_platform([shop(8)], database_url) as platform:
        count = "SELECT count(*) FROM nexus.leases"
        assert await platform.worker.platform.fetchval(count) == 8
        with pytest.raises(ConfigError, match=f"has {changed} partitions .* and 8 in the database .* Put partitions=8 back"):
            async with open_platform([shop(changed)], database_url):
                pass
        with pytest.raises(ConfigError, match=f"shop-ms has {changed} partitions in this release of reader-ms"):
            async with open_platform([reader(changed)], database_url):
                pass
        assert await platform.worker.platform.fetchval(count) == 8, "who is refused has changed nothing"
    async with open_platform([shop(8), reader(8)], database_url):
        pass


@pytest.mark.parametrize("changed", [2, 16])
async def test_the_memory_kit_refuses_it_too(changed: int) -> None:
    world = MemoryWorld()
    await in_memory([shop(8), reader(8)], world)
    for service in (shop(changed), reader(changed)):
        with pytest.raises(ConfigError, match="Put partitions=8 back"):
            await in_memory([service], world)
    await in_memory([shop(8), reader(8)], world)
