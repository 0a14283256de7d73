from itertools import count

import pytest

from bus.errors import BusUnavailable
from bus.memory import MemoryStreamStore
from bus.position import START
from bus.reader import LOOK_S, PartitionReader
from bus.store import Append, Entry
from bus.topic import StreamName

pytestmark = pytest.mark.anyio

A = StreamName("{a:0}:events")


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> MemoryStreamStore:
    """A store in which a minute passes between two entries: far more than a reader goes back for the skew of clocks."""
    minutes = count()
    return MemoryStreamStore(lambda: next(minutes) * 60_000)


@pytest.fixture
def reader(store: MemoryStreamStore, clock: Clock) -> PartitionReader:
    reader = PartitionReader(store, count=10, block_s=0, clock=clock)
    reader.assign(A, START)
    return reader


def bodies(entries: list[Entry]) -> list[bytes]:
    return [entry.body for entry in entries]


async def test_a_history_that_changes_while_no_read_fails_is_noticed(
    reader: PartitionReader, store: MemoryStreamStore, clock: Clock
) -> None:
    await store.append([Append(A, [b"1", b"2"])])
    before = await reader.connect()
    assert bodies(await reader.read()) == [b"1", b"2"]
    store.restart(lost_entries=1)
    assert await reader.connect() == before
    clock.now_s += LOOK_S
    assert await reader.connect() != before


async def test_it_goes_back_behind_what_it_read_after_the_change(
    reader: PartitionReader, store: MemoryStreamStore, clock: Clock
) -> None:
    """However long it took to notice: what it read meanwhile may have come past entries of the new history."""
    await store.append([Append(A, [b"1"])])
    await reader.read()
    clock.now_s += LOOK_S
    await reader.connect()
    store.restart()
    await store.append([Append(A, [b"2"])])
    assert bodies(await reader.read()) == [b"2"]
    clock.now_s += LOOK_S
    await reader.connect()
    await reader.rewind([A])
    assert bodies(await reader.read()) == [b"1", b"2"]


class HalfAway(MemoryStreamStore):
    """Of several servers, one that we do not read from is away."""

    away = False

    async def history(self) -> str:
        if self.away:
            raise BusUnavailable("One server is away.")
        return await super().history()


async def test_reading_goes_on_while_only_the_look_fails(clock: Clock) -> None:
    store = HalfAway(lambda: 1)
    reader = PartitionReader(store, count=10, block_s=0, clock=clock)
    reader.assign(A, START)
    history = await reader.connect()
    store.away = True
    clock.now_s += LOOK_S
    await store.append([Append(A, [b"1"])])
    assert bodies(await reader.read()) == [b"1"]
    assert await reader.connect() == history


async def test_after_a_failed_read_it_has_to_look_first(clock: Clock) -> None:
    store = HalfAway(lambda: 1)
    reader = PartitionReader(store, count=10, block_s=0, clock=clock)
    reader.assign(A, START)
    await reader.connect()
    store.stop()
    with pytest.raises(BusUnavailable):
        await reader.read()
    store.restart()
    store.away = True
    with pytest.raises(BusUnavailable):
        await reader.read()
