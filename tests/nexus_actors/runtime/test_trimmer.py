"""What may be cut from streams."""

import pytest
import structlog

from bus.memory import MemoryStreamStore
from bus.position import START, Position
from bus.store import Append
from nexus_actors.memory import MemoryCheckpoints, MemoryDatabase, MemoryLeaseStore
from nexus_actors.runtime.trimmer import Trimmer
from nexus_actors.testing import FakeClock
from tests.nexus_actors.runtime.counter import COUNTERS, counter

pytestmark = pytest.mark.anyio

STREAM, NOTED = COUNTERS.stream("commands", 0), COUNTERS.stream("events", 0)


class Cellar:
    """A janitor of partition 0, and what it looks after. Entries come one a second."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.streams = MemoryStreamStore(lambda: round(self.clock().timestamp() * 1_000))
        self.database = MemoryDatabase(self.clock)
        self.janitor = Trimmer(counter, MemoryCheckpoints(self.database), self.streams, self.clock, structlog.get_logger())

    async def fill(self, entries: int) -> Position:
        """Append to both streams; the position of the last."""
        await MemoryLeaseStore(self.database).register(counter.name, 1, [STREAM])
        for number in range(entries):
            await self.streams.append([Append(STREAM, [b"%d" % number]), Append(NOTED, [b"%d" % number])])
            self.clock.advance(1)
        return (await self.streams.last([STREAM]))[STREAM]

    async def rest(self) -> list[int]:
        return [int(entry.body) for entry in await self.streams.read({STREAM: START}, 1_000, 0)]


async def test_nothing_is_cut_that_has_not_been_handled() -> None:
    cellar = Cellar()
    await cellar.fill(20)
    assert await cellar.janitor.tidy([0]) == 0


async def test_what_was_handled_is_cut_but_for_as_much_as_the_clock_may_have_gone_back() -> None:
    cellar = Cellar()
    last = await cellar.fill(20)
    tables = cellar.database.service(counter.name)
    tables.checkpoints[STREAM] = Position(last.ms - 5_000, 0)
    assert await cellar.janitor.tidy([0]) == 9
    assert await cellar.rest() == list(range(9, 20))
    assert await cellar.janitor.tidy([0]) == 0
    tables.checkpoints[STREAM] = last
    await cellar.janitor.tidy([0])
    assert await cellar.rest() == list(range(14, 20))


async def test_what_nobody_reads_is_cut_after_some_seconds() -> None:
    cellar = Cellar()
    await cellar.fill(20)
    cellar.clock.advance(5)
    await cellar.janitor.tidy([0])
    assert (await cellar.streams.lengths([NOTED]))[NOTED] == 15


async def test_a_worker_without_partitions_cuts_nothing() -> None:
    cellar = Cellar()
    cellar.database.service(counter.name).checkpoints[STREAM] = await cellar.fill(20)
    assert await cellar.janitor.tidy([]) == 0
