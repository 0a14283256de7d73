"""Long messages that come together are read with others at work in between."""

from collections import Counter

import anyio
import pytest
from anyio.lowlevel import checkpoint

from bus import Event, Topic
from nexus_actors import Actor, Context, Service, ServiceEntry, handles
from nexus_actors.testing import open_memory_service

pytestmark = pytest.mark.anyio

SCROLLS = Topic("scroll-ms", partitions=1)
COUNT, LENGTH = 20, 300_000
OTHERS = [0]
READ: list[int] = []


class Written(Event, topic=SCROLLS, key="scroll"):
    """A long text."""

    scroll: str
    text: str

    def __post_init__(self) -> None:
        READ.append(OTHERS[0])


class Scroll(Actor[None]):
    """Reads."""

    @handles
    def read(self, message: Written, ctx: Context) -> None: ...


ENTRY = ServiceEntry(name="scroll-ms", title="Scrolls", module="test", port=2, package="tests.scrolls", layer="business")
scrolls = Service(ENTRY, topic=SCROLLS, actors=[Scroll])


async def work() -> None:
    while True:
        OTHERS[0] += 1
        await checkpoint()


async def test_no_more_than_a_few_long_messages_are_read_at_a_time() -> None:
    async with open_memory_service(scrolls) as service, anyio.create_task_group() as tasks:
        for number in range(COUNT):
            await service.publish(Written(scroll=f"s{number}", text="x" * LENGTH))
        READ.clear()
        tasks.start_soon(work)
        await service.settle()
        tasks.cancel_scope.cancel()
    assert len(READ) >= COUNT
    assert max(Counter(READ).values()) <= 4
