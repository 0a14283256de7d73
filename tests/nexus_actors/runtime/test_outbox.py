"""The outbox, where the streams fail: wholly, in part, and with the loss of what they had confirmed."""

from collections.abc import Sequence

import anyio
import pytest

from bus import PublishFailed, StreamName
from bus.memory import MemoryStreamStore
from bus.position import START
from bus.store import Append
from nexus_actors.testing import TestPlatform, open_platform
from nexus_actors.testing.platform import _milliseconds
from tests.nexus_actors.runtime.switchboard.service import BOARD, Act, Told, board
from tests.nexus_actors.runtime.wire import send

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
        await super().append([append for append in appends if append.stream != self.refused])
        return [PublishFailed("refused") if append.stream == self.refused else None for append in appends]

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
