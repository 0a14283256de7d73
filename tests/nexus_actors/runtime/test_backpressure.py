"""Who asks waits outside while what comes of it is not handled: memory stays bounded."""

import pytest

from bus import Overloaded
from bus.memory import MemoryStreamStore
from bus.position import Position
from nexus_actors.testing import open_platform
from nexus_actors.testing.platform import _milliseconds
from tests.nexus_actors.runtime.switchboard.service import BOARD, Act, Done, Told, board
from tests.nexus_actors.runtime.wire import put, sealed

pytestmark = pytest.mark.anyio


async def test_commands_wait_outside_while_nobody_handles_the_events_that_they_bring_forth(database_url: str) -> None:
    streams = MemoryStreamStore(_milliseconds)
    environ = {"NEXUS_STREAM_HIGH_WATER": "1000"}
    async with open_platform([board], database_url, streams=streams, environ=environ) as platform:
        events = BOARD.stream("events", BOARD.partition_of("a"))
        await put(platform, events, *(sealed(Told(line="a", number=n)) for n in range(1_000)))
        with pytest.raises(Overloaded) as refused:
            await platform.ask(Act(line="a"))
        assert refused.value.retry_after_s == 1
        assert await platform.ask(Act(line=other_line("a"))) == Done(1, False), "other partitions go on"
        await streams.trim({events: Position(_milliseconds() + 1, 0)})
        assert await platform.ask(Act(line="a")) == Done(1, False)


def other_line(line: str) -> str:
    """A line of another partition."""
    return next(name for name in "abcdefgh" if BOARD.partition_of(name) != BOARD.partition_of(line))
