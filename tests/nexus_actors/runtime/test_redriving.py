"""Letting parked keys go on: in order, with what comes meanwhile, through failures and crashes."""

import pytest

from bus import new_id
from bus.memory import MemoryStreamStore
from bus.publisher import Outgoing, Publisher
from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.memory.database import Point
from nexus_actors.operations.dead_letters import DeadLetters
from nexus_actors.postgres.dead_letters import PostgresDeadLetters
from nexus_actors.retry import RetryPolicy
from nexus_actors.runtime.assembly import LoopSettings
from nexus_actors.runtime.own_commands import ReleaseKey
from nexus_actors.testing import MemoryWorld, TestPlatform, open_memory_service, open_platform
from nexus_actors.testing.platform import _milliseconds
from tests.nexus_actors.runtime.switchboard.service import Act, Told, board
from tests.nexus_actors.runtime.wire import QUICK, home, letters, put, sealed

pytestmark = pytest.mark.anyio


def told(platform: TestPlatform) -> list[int]:
    """The numbers that the line was told to tell, each once."""
    return list(dict.fromkeys(event.number for event in platform.events(Told)))


def tell(number: int, *more: str) -> bytes:
    return sealed(Act(line="a", steps=("tell", *more), number=number))


async def park(platform: TestPlatform, *bodies: bytes) -> None:
    await put(platform, home("a"), tell(0, "fault"), *bodies)
    await platform.settle()


async def drop_first(platform: TestPlatform) -> None:
    book = PostgresDeadLetters(platform.worker.platform)
    first = await platform.worker.platform.fetchval("SELECT message_id FROM nexus.dead_letters ORDER BY ordinal LIMIT 1")
    await DeadLetters(book, platform.worker.asker).drop([first])


async def test_letters_go_on_in_order_and_before_what_comes_behind_them(database_url: str) -> None:
    async with open_platform([board], database_url, environ=QUICK) as platform:
        await park(platform, tell(1), tell(2))
        await put(platform, home("a"), tell(3), sealed(ReleaseKey(key="a")), tell(4))
        await platform.settle()
        assert [behind for _, _, behind in await letters(platform)] == [False, True, True, True, True]
        await drop_first(platform)
        await put(platform, home("a"), tell(5))
        await platform.settle()
        assert told(platform) == [1, 2, 3, 4, 5]
        assert await letters(platform) == []


async def test_a_key_that_fails_again_in_the_middle_is_parked_from_there(database_url: str) -> None:
    async with open_platform([board], database_url, environ=QUICK) as platform:
        await park(platform, tell(1), tell(2, "fault"), tell(3))
        await drop_first(platform)
        await put(platform, home("a"), tell(4))
        await platform.settle()
        assert told(platform) == [1]
        assert [behind for _, _, behind in await letters(platform)] == [False, True, True]
        await drop_first(platform)
        await platform.until(lambda: told(platform) == [1, 3, 4])


async def test_releases_that_cross_each_other_do_nothing_twice(database_url: str) -> None:
    async with open_platform([board], database_url, environ=QUICK) as platform:
        await park(platform, tell(1), tell(2))
        await drop_first(platform)
        await put(platform, home("a"), *(sealed(ReleaseKey(key="a")) for _ in range(3)), tell(3), sealed(ReleaseKey(key="a")))
        await platform.settle()
        assert told(platform) == [1, 2, 3]
        assert len(platform.events(Told)) == 3


async def test_a_release_of_what_is_not_parked_does_nothing(database_url: str) -> None:
    environ = {**QUICK, "NEXUS_MAX_ATTEMPTS": "6"}
    async with open_platform([board], database_url, environ=environ) as platform:
        await put(platform, home("a"), tell(0, "fault"), tell(1))
        await put(platform, home("a"), sealed(ReleaseKey(key="a")), sealed(ReleaseKey(key="never seen")))
        await platform.settle()
        assert [behind for _, _, behind in await letters(platform)] == [False, True]
        assert told(platform) == []


async def test_a_timer_that_rang_while_its_key_was_held_back_rings_when_what_held_it_is_dropped() -> None:
    world, letter = MemoryWorld(), new_id()
    settings = LoopSettings(retry=RetryPolicy(max_attempts=2, base_s=60, max_s=60, jitter=0))
    async with open_memory_service(board, world=world, settings=settings) as service:
        await put_all(
            world, sealed(Act(line="a", steps=("set t 70",), number=7)), sealed(Act(line="a", steps=("fault",)), letter)
        )
        await service.advance(61)
        await put_all(world, sealed(ReleaseKey(key="a")))
        await service.advance(15)
        assert (len(await service.parked("a")), service.events(Told)) == (1, [])
        assert [identity.key for identity in service.held()] == ["a"]
        await put_all(world, sealed(ReleaseKey(key="a", drop=(letter,))))
        await service.settle()
        assert (await service.parked("a"), service.events(Told)) == ([], [Told(line="a", number=7)])


async def put_all(world: MemoryWorld, *bodies: bytes) -> None:
    await Publisher(world.streams).publish([Outgoing(home("a"), body) for body in bodies])


async def test_a_loss_while_letters_that_wait_again_are_parked_one_by_one_changes_no_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nexus_actors.runtime.loop.RETRY_S", 0)
    world, ids = MemoryWorld(), [new_id() for _ in range(3)]
    async with open_memory_service(board, world=world) as service:
        await put_all(world, *(sealed(Act(line="a", steps=("fault",), number=n), ids[n]) for n in range(3)))
        await service.settle()
        # The release is committed, all three together are not; then each comes alone, the first is parked, the second is not.
        is_lost = [False, True, False, True]

        async def at(point: Point, service: str) -> None:
            if point == "commit" and is_lost and is_lost.pop(0):
                raise DatabaseUnavailable("lost before the commit")

        world.database.at = at
        await put_all(world, sealed(ReleaseKey(key="a")))
        await service.settle()
        assert not is_lost
        assert [row.message_id for row in await service.parked("a")] == ids


async def test_a_crash_after_the_release_loses_no_letter_and_no_place(database_url: str) -> None:
    streams = MemoryStreamStore(_milliseconds)
    environ = {**QUICK, "NEXUS_MAX_ATTEMPTS": "1000", "NEXUS_RETRY_BASE_S": "60", "NEXUS_RETRY_MAX_S": "60"}
    async with open_platform([board], database_url, streams=streams, environ=QUICK) as platform:
        await park(platform, tell(1), tell(2))
    async with open_platform([board], database_url, streams=streams, environ=environ) as platform:
        await put(platform, home("a"), sealed(ReleaseKey(key="a")), tell(3))
        loop = platform.worker.hosts["board-ms"].loop
        await platform.until(lambda: sum(partition.held_count() for partition in loop.partitions.values()) == 4)
    async with open_platform([board], database_url, streams=streams, environ=QUICK) as platform:
        await put(platform, home("a"), tell(4))
        await platform.until(lambda: bool(platform.worker.hosts["board-ms"].loop.partitions))
        await platform.settle()
        assert [behind for _, _, behind in await letters(platform)] == [False, True, True, True, True]
        await drop_first(platform)
        await platform.until(lambda: told(platform) == [1, 2, 3, 4])
