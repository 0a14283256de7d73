"""Partitions that move: with all that waits in them, under doubt, while the database is away, and while memory is short."""

from collections import Counter
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from bus.codec import decode_envelope
from bus.memory import MemoryStreamStore
from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.runtime.leases import Ownership
from nexus_actors.testing import TestPlatform, open_platform
from nexus_actors.testing.platform import _milliseconds
from tests.nexus_actors.runtime.switchboard.service import Act, Told, board
from tests.nexus_actors.runtime.wire import QUICK, doomed, letters, put, rows, sealed, send

pytestmark = pytest.mark.anyio

LINES = "abcdefgh"


def held(platform: TestPlatform) -> int:
    return sum(partition.held_count() for partition in platform.worker.hosts["board-ms"].loop.partitions.values())


def numbers(platform: TestPlatform, line: str) -> list[int]:
    return list(dict.fromkeys(told.number for told in platform.events(Told) if told.line == line))


async def tellings(platform: TestPlatform) -> Counter[str]:
    """How many events each line has brought forth."""
    bodies = await platform.worker.hosts["board-ms"].database.fetch("SELECT body FROM outbox")
    return Counter(decode_envelope(row["body"]).subject for row in bodies)


async def test_all_that_waits_moves_with_its_partition(database_url: str) -> None:
    streams = MemoryStreamStore(_milliseconds)
    patient = {"NEXUS_MAX_ATTEMPTS": "1000", "NEXUS_RETRY_BASE_S": "60", "NEXUS_RETRY_MAX_S": "60"}
    async with doomed(database_url, streams, **patient) as first:
        await send(first, *(Act(line=line, steps=("row", "tell", "set t 1.5"), number=1) for line in LINES))
        await send(first, *(Act(line=line, steps=("fault", "tell"), number=2) for line in LINES[:4]))
        await send(first, *(Act(line=line, steps=("row", "tell"), number=3) for line in LINES))
        await first.until(lambda: held(first) == 8 and len(first.events(Told)) == 12)
    async with (
        open_platform([board], database_url, streams=streams, environ=QUICK) as one,
        open_platform([board], database_url, streams=streams, environ=QUICK) as two,
    ):
        loops = [platform.worker.hosts["board-ms"].loop for platform in (one, two)]
        await one.until(lambda: [len(loop.partitions) for loop in loops] == [1, 1])
        await one.until(lambda: all(len(numbers(one, line)) == 2 for line in LINES[4:]))
        with anyio.fail_after(10):
            while await one.worker.hosts["board-ms"].database.fetchval("SELECT count(*) FROM timers"):  # noqa: ASYNC110
                await anyio.sleep(0.02)
        await one.settle()
        await two.settle()
        assert await rows(one) == [(line, 1) for line in LINES[:4]] + [(line, n) for line in LINES[4:] for n in (1, 3)]
        told = await tellings(one)
        assert [told[line] for line in LINES[4:]] == [3, 3, 3, 3], "by both messages and by the timer"
        # Where the take-over was slow, a timer was due before its key failed again: it fired, and does not wait behind it.
        waiting = [(line, "act", behind) for line in LINES[:4] for behind in (False, True, True)[: 4 - told[line]]]
        assert sorted(await letters(one)) == sorted(waiting)


async def test_a_generation_in_doubt_is_not_worked_under_again() -> None:
    ownership, nudges = Ownership(), list[int]()
    ownership.changed = lambda: nudges.append(1)
    ownership.grant({0: 1, 1: 1})
    ownership.doubt({0: 1})
    assert (ownership.granted, len(nudges)) == ({1: 1}, 1)
    ownership.grant({0: 1, 1: 1})
    assert ownership.granted == {1: 1}, "a beat that was under way does not know of the doubt"
    ownership.grant({0: 2, 1: 1})
    assert ownership.granted == {0: 2, 1: 1}
    ownership.grant({0: 1, 1: 1})
    assert ownership.granted == {0: 1, 1: 1}, "the doubt has been cleared"


async def test_a_grant_wakes_a_loop_that_waits_for_messages_and_only_then() -> None:
    ownership = Ownership()
    woken: list[str] = []
    with ownership.reading():
        ownership.grant({0: 1})
        await anyio.sleep(5)
    woken.append("by a change")
    with anyio.move_on_after(0.05), ownership.reading():
        ownership.grant({0: 1})
        await anyio.sleep(5)
        woken.append("never")
    with pytest.raises(KeyError), ownership.reading():
        raise KeyError
    ownership.grant({0: 2})
    await anyio.lowlevel.checkpoint()
    assert woken == ["by a change"]


async def test_a_worker_without_a_database_lets_go_and_comes_back(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_platform([board], database_url, environ=QUICK) as platform:
        keeper: Any = platform.worker.keeper
        real = keeper._store.beat
        away = [True]

        async def beat(*arguments: Any) -> Any:
            if away:
                raise DatabaseUnavailable("away")
            return await real(*arguments)

        monkeypatch.setattr(keeper._store, "beat", beat)
        host = platform.worker.hosts["board-ms"]
        await platform.until(lambda: not host.loop.partitions)
        away.clear()
        await platform.until(lambda: len(host.loop.partitions) == 2)
        await platform.ask(Act(line="a"))


async def test_a_database_that_is_away_does_not_keep_a_worker_from_stopping(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with anyio.fail_after(10):
        async with open_platform([board], database_url, environ={**QUICK, "NEXUS_DRAIN_S": "5"}) as platform:
            store: Any = platform.worker.keeper

            async def away(*arguments: Any) -> Any:
                raise DatabaseUnavailable("away")

            monkeypatch.setattr(store._store, "beat", away)
            monkeypatch.setattr(store._store, "leave", away)


async def test_what_waits_behind_failing_keys_is_bounded_and_comes_through(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nexus_actors.runtime.loop._MOST_HELD", 10)
    environ = {"NEXUS_MAX_ATTEMPTS": "4", "NEXUS_RETRY_BASE_S": "0.1", "NEXUS_BATCH_SIZE": "5"}
    async with open_platform([board], database_url, environ=environ) as platform:
        await put(platform, board.topic.stream("commands", board.topic.partition_of("a")), *_hundred())
        most = 0

        def done() -> bool:
            nonlocal most
            most = max(most, held(platform))
            return bool(platform.events(Told))

        await platform.until(done)
        await platform.settle()
        assert 10 <= most < 20
        assert len(await letters(platform)) == 100


def _hundred() -> list[bytes]:
    """A message that fails, ninety-nine behind it, and one of another key of the same partition."""
    partition = board.topic.partition_of("a")
    other = next(f"o{n}" for n in range(99) if board.topic.partition_of(f"o{n}") == partition)
    behind = [sealed(Act(line="a", number=n)) for n in range(99)]
    return [sealed(Act(line="a", steps=("fault",))), *behind, sealed(Act(line=other, steps=("tell",)))]
