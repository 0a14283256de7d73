"""The outbox, where the streams fail: wholly, in part, and with the loss of what they had confirmed."""

from collections.abc import Sequence
from datetime import UTC, datetime

import anyio
import asyncpg
import pytest

from bus import PublishFailed, StreamName
from bus.codec import decode_envelope
from bus.memory import MemoryStreamStore
from bus.position import START
from bus.store import Append
from nexus_actors.testing import FakeClock, TestPlatform, open_platform
from nexus_actors.testing.platform import _milliseconds
from nexus_actors.worker import WorkerOptions
from tests.nexus_actors.runtime.switchboard.service import BOARD, Act, Told, board
from tests.nexus_actors.runtime.wire import QUICK, doomed, send

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("hurry")]


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nexus_actors.runtime.outbox.RETRY_S", 0.05)
    monkeypatch.setattr("nexus_actors.runtime.loop.RETRY_S", 0.05)


class Refusing(MemoryStreamStore):
    """Refuses to append to one stream."""

    def __init__(self) -> None:
        super().__init__(_milliseconds)
        self.refused: StreamName | None = None

    async def append(self, appends: Sequence[Append]) -> list[Exception | None]:
        refused = self.refused
        await super().append([append for append in appends if append.stream != refused])
        return [PublishFailed("refused") if append.stream == refused else None for append in appends]

    async def entries(self, stream: StreamName) -> int:
        return len(await self.read({stream: START}, 1_000, 0))


def lines(count: int) -> list[Act]:
    return [Act(line=f"l{n}", steps=("tell",), number=n) for n in range(count)]


def numbers(platform: TestPlatform) -> list[int]:
    return [told.number for told in platform.events(Told)]


async def bodies(streams: MemoryStreamStore) -> list[bytes]:
    return [entry.body for stream in BOARD.streams("events") for entry in await streams.read({stream: START}, 1_000, 0)]


async def test_a_stream_that_refuses_does_not_fill_the_others_with_repeats(database_url: str) -> None:
    streams = Refusing()
    async with open_platform([board], database_url, streams=streams) as platform:
        refused, free = BOARD.streams("events")
        streams.refused = refused
        await send(platform, *lines(40))
        with anyio.fail_after(5):
            while not await streams.entries(free):  # noqa: ASYNC110 - a stream that is not followed tells nobody
                await anyio.sleep(0.01)
        await anyio.sleep(0.3)
        streams.refused = None
        await platform.until(lambda: len(set(numbers(platform))) == 40)
        await platform.settle()
        assert sorted(numbers(platform)) == list(range(40))


async def test_what_was_committed_while_the_streams_were_down_is_published_in_order(database_url: str) -> None:
    streams = MemoryStreamStore(_milliseconds)
    async with open_platform([board], database_url, streams=streams) as platform:
        host = platform.worker.hosts["board-ms"]
        await send(platform, *(Act(line="a", steps=("row", "block 0.1", "tell"), number=n) for n in range(3)))
        await anyio.sleep(0.05)
        streams.stop()
        with anyio.fail_after(5):
            while await host.database.fetchval("SELECT count(*) FROM outbox") < 3:  # noqa: ASYNC110 - nor does a table
                await anyio.sleep(0.01)
        await anyio.sleep(0.2)
        streams.restart()
        await platform.until(lambda: len(set(numbers(platform))) == 3)
        assert list(dict.fromkeys(numbers(platform))) == [0, 1, 2]


async def test_a_loss_of_confirmed_entries_is_made_good_by_the_one_who_published_them(database_url: str) -> None:
    streams = MemoryStreamStore(_milliseconds)
    async with open_platform([board], database_url, streams=streams) as platform:
        await send(platform, *lines(20))
        await platform.until(lambda: len(numbers(platform)) == 20)
        await platform.settle()
        streams.stop()
        streams.restart(lost_entries=5)
        with anyio.fail_after(5):
            while len(set(await bodies(streams))) < 20:  # noqa: ASYNC110 - what is lost comes back by itself
                await anyio.sleep(0.01)


async def test_a_loss_while_everything_was_down_is_made_good_by_the_next_owner(database_url: str) -> None:
    streams = MemoryStreamStore(_milliseconds)
    async with open_platform([board], database_url, streams=streams) as platform:
        await send(platform, *lines(20))
        await platform.until(lambda: len(numbers(platform)) == 20)
        await platform.settle()
    streams.stop()
    streams.restart(lost_entries=5)
    async with open_platform([board], database_url, streams=streams) as platform:
        await platform.until(lambda: len(set(numbers(platform))) == 20)
        assert await platform.ask(Act(line="a", steps=("tell",), number=99)) is not None
        await platform.settle()
        assert numbers(platform)[-1] == 99
    async with open_platform([board], database_url, streams=streams) as platform:
        before = await bodies(streams)
        await platform.ask(Act(line="a", steps=()))
        assert await bodies(streams) == before, "without a loss, nothing is published again"


def is_safe(platform: TestPlatform) -> bool:
    """Whether nothing that was published could be lost with the streams' tail."""
    partitions = platform.worker.hosts["board-ms"].loop.partitions.values()
    return len(partitions) == 2 and all(p.safe_seq == p.published_seq == p.last_seq > 0 for p in partitions)


async def test_streams_that_were_emptied_get_back_what_was_published_within_the_hour(database_url: str) -> None:
    streams = MemoryStreamStore(_milliseconds)
    clock = FakeClock(datetime.now(UTC))
    options = WorkerOptions(streams=streams, clock=clock)
    async with open_platform([board], database_url, options=options) as platform:
        await send(platform, *lines(20))
        await platform.until(lambda: len(numbers(platform)) == 20)
        before = [sorted(await bodies(streams))]
        clock.advance(60)
        await platform.until(lambda: is_safe(platform))
        streams.empty()
        with anyio.fail_after(5):
            while sorted(await bodies(streams)) not in before:  # noqa: ASYNC110 - what is lost comes back by itself
                await anyio.sleep(0.01)
        clock.advance(3_600)
        await platform.until(lambda: is_safe(platform))
        streams.empty()
        await platform.ask(Act(line="a", steps=("tell",), number=99))
        await platform.settle()
        assert [decode_envelope(body).subject for body in await bodies(streams)] == ["a"]


class Breaking(MemoryStreamStore):
    """Takes so many calls that append and no more."""

    def __init__(self) -> None:
        super().__init__(_milliseconds)
        self.calls_left = 1_000

    async def append(self, appends: Sequence[Append]) -> list[Exception | None]:
        self.calls_left -= 1
        if self.calls_left < 0:
            raise PublishFailed("broken")
        return await super().append(appends)


async def test_an_owner_that_dies_while_it_publishes_all_again_leaves_the_rest_to_the_next(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = Breaking()
    async with open_platform([board], database_url, streams=streams) as platform:
        await send(platform, *(Act(line="a", steps=("tell",), number=n) for n in range(20)))
        await platform.until(lambda: len(numbers(platform)) == 20)
        await platform.settle()
        whole = await bodies(streams)
    await make_safe(database_url)
    monkeypatch.setattr("nexus_actors.runtime.outbox._PAGE", 7)
    streams.empty()
    streams.calls_left = 1
    async with doomed(database_url, streams):
        with anyio.fail_after(5):
            while streams.calls_left >= 0:  # noqa: ASYNC110 - nobody tells
                await anyio.sleep(0.01)
    assert await bodies(streams) == whole[:7]
    streams.calls_left = 1_000
    async with open_platform([board], database_url, streams=streams, environ=QUICK):
        with anyio.fail_after(5):
            while len(await bodies(streams)) < 20:  # noqa: ASYNC110 - what is lost comes back by itself
                await anyio.sleep(0.01)
    assert list(dict.fromkeys(await bodies(streams))) == whole


async def make_safe(database_url: str) -> None:
    """Let some time have passed: by the marks, what was published could not be lost with the streams' tail."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE nexus.leases SET safe_seq = published_seq")
    await connection.close()


async def test_a_stream_that_vanishes_comes_back_with_what_it_had_before_anything_new(database_url: str) -> None:
    streams = MemoryStreamStore(_milliseconds)
    async with open_platform([board], database_url, streams=streams) as platform:
        await send(platform, *(Act(line="a", steps=("tell",), number=n) for n in range(5)))
        await platform.until(lambda: len(numbers(platform)) == 5)
        await platform.settle()
        whole = await bodies(streams)
        streams.remove(BOARD.stream("events", BOARD.partition_of("a")))
        await platform.ask(Act(line="a", steps=("tell",), number=5))
        with anyio.fail_after(5):
            while len(await bodies(streams)) < 6:  # noqa: ASYNC110 - a stream that is not followed tells nobody
                await anyio.sleep(0.01)
        assert (await bodies(streams))[:5] == whole


class Counting(MemoryStreamStore):
    """Counts the calls in which it refused something."""

    def __init__(self) -> None:
        super().__init__(_milliseconds)
        self.refusals = 0

    async def append(self, appends: Sequence[Append]) -> list[Exception | None]:
        outcomes = await super().append(appends)
        self.refusals += any(outcome is not None for outcome in outcomes)
        return outcomes


async def test_a_history_that_publishing_has_met_is_not_taken_back_for_the_one_that_was_read(database_url: str) -> None:
    """Otherwise each partition is refused once more, and waits a second for it."""
    streams = Counting()
    async with open_platform([board], database_url, streams=streams) as platform:
        await send(platform, *lines(20))
        await platform.until(lambda: len(numbers(platform)) == 20)
        await platform.settle()
        await send(platform, Act(line="a", steps=("block 0.2", "tell"), number=99))
        await anyio.sleep(0.05)
        streams.stop()
        streams.restart()
        await platform.until(lambda: 99 in numbers(platform))
        await platform.settle()
        assert streams.refusals == 1
