"""Troubles of the servers cost no message an attempt, stop no worker, and are said."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import asyncpg
import pytest
import structlog

from bus import BusUnavailable, Refusal, new_id
from bus.publisher import Outgoing, Publisher
from nexus_actors.errors import DatabaseBusy, DatabaseDamaged, DatabaseTroubled, DatabaseUnavailable
from nexus_actors.memory import MemoryTurnStore
from nexus_actors.memory.database import Point
from nexus_actors.retry import RetryPolicy
from nexus_actors.runtime.assembly import LoopSettings
from nexus_actors.runtime.own_commands import ReleaseKey
from nexus_actors.runtime.parking import BUSY_WAIT
from nexus_actors.runtime.supervisor import RESTARTS, TooManyRestarts, supervise
from nexus_actors.runtime.trouble import AGAIN_S, CALM_S, Trouble
from nexus_actors.testing import TestPlatform, open_memory_service, open_platform
from nexus_actors.testing.memory_service import MemoryWorld
from nexus_actors.worker.waiting_sampler import waiting_of
from tests.nexus_actors.runtime.counter import COUNTERS, Add, Moved, Noted, counter
from tests.nexus_actors.runtime.kiln import KILNS, Kiln, KilnState, Stack, kilns
from tests.nexus_actors.runtime.switchboard.service import BOARD, Act, Told, board
from tests.nexus_actors.runtime.wire import QUICK, home, letters, put, rows, sealed, send

pytestmark = pytest.mark.anyio

LOCKED = [f"locked{n}" for n in range(40)]
FREE = [f"free{n}" for n in range(40)]
TWICE = LoopSettings(retry=RetryPolicy(max_attempts=2, base_s=0.01))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nexus_actors.runtime.loop.RETRY_S", 0.01)
    monkeypatch.setattr("nexus_actors.runtime.supervisor._DEPENDENCY_WAIT_S", 0.001)


@asynccontextmanager
async def locked(database_url: str, table: str, mode: str) -> AsyncIterator[None]:
    """A migration of another release holds a table."""
    connection = await asyncpg.connect(database_url)
    async with connection.transaction():
        await connection.execute(f"LOCK TABLE {table} IN {mode} MODE")
        yield
    await connection.close()


def told(platform: TestPlatform) -> set[str]:
    return {told.line for told in platform.events(Told)}


async def have_waited(platform: TestPlatform, keys: list[str]) -> None:
    """Until each of these keys has been tried and waits."""
    loop = platform.worker.hosts["board-ms"].loop
    await platform.until(lambda: sum(len(partition.held) for partition in loop.partitions.values()) >= len(keys), 30)


async def test_a_locked_table_holds_back_those_who_need_it_and_nobody_else(database_url: str) -> None:
    async with open_platform([board], database_url, environ=QUICK) as platform:
        async with locked(database_url, "board_ms.calls", "SHARE"):
            mixed = [line for pair in zip(LOCKED, FREE, strict=True) for line in pair]
            await send(platform, *(Act(line=a, steps=("row", "tell") if a in LOCKED else ("count", "tell")) for a in mixed))
            await platform.until(lambda: told(platform) == set(FREE), 30)
            await have_waited(platform, LOCKED)
            assert not platform.worker.hosts["board-ms"].loop.trouble.reason, "the service has none, only those keys"
            (waiting,) = platform.faces.probes["board-ms"].waiting()
            assert waiting.startswith("40 keys wait. A statement has to wait: another holds the lock")
            assert "said" not in waiting, "everybody may read it"
        await platform.until(lambda: told(platform) == {*LOCKED, *FREE}, 30)
        await platform.settle()
        assert await rows(platform) == [(line, 0) for line in sorted(LOCKED)]
        assert await letters(platform) == []


async def test_what_comes_before_a_message_that_has_to_wait_takes_effect(database_url: str) -> None:
    async with open_platform([board], database_url, environ=QUICK) as platform:
        async with locked(database_url, "board_ms.calls", "SHARE"):
            steps = ["tell"], ["tell"], ["row", "tell"], ["tell"]
            acts = [Act(line="a", steps=tuple(each), number=n) for n, each in enumerate(steps)]
            await put(platform, home("a"), *map(sealed, acts))
            await platform.until(lambda: [told.number for told in platform.events(Told)] == [0, 1], 30)
            held = platform.worker.hosts["board-ms"].loop.partitions[BOARD.partition_of("a")].held
            await platform.until(lambda: sum(map(len, held.values())) == 2, 30)
        await platform.until(lambda: [told.number for told in platform.events(Told)] == [0, 1, 2, 3], 30)


async def test_a_lock_on_a_table_of_the_runtime_costs_nobody_an_attempt(database_url: str) -> None:
    async with open_platform([board], database_url, environ=QUICK) as platform:
        async with locked(database_url, "board_ms.states", "SHARE"):
            await send(platform, *(Act(line=line, steps=("count", "tell")) for line in LOCKED))
            await have_waited(platform, LOCKED)
        await platform.until(lambda: told(platform) == set(LOCKED), 30)
        await platform.settle()
        assert await letters(platform) == []


async def test_locked_dead_letters_make_the_keys_that_belong_there_wait_and_nobody_else(database_url: str) -> None:
    async with open_platform([board], database_url, environ=QUICK) as platform:
        loop = platform.worker.hosts["board-ms"].loop
        await send(platform, Act(line="parked", steps=("fault",)))
        await platform.until(lambda: any(partition.parked_keys for partition in loop.partitions.values()), 30)
        async with locked(database_url, "nexus.dead_letters", "SHARE"):
            await send(platform, *(Act(line=line, steps=("fault",)) for line in ("parked", "bad")))
            await platform.until(lambda: (waiting := waiting_of(loop.partitions)) is not None and waiting.keys == 2, 30)
            await send(platform, *(Act(line=line, steps=("tell",)) for line in FREE))
            await platform.until(lambda: told(platform) == set(FREE), 30)
            with pytest.raises(Refusal, match="order_failed"):
                await platform.worker.asker.ask(ReleaseKey(key="parked"), stream=home("parked"))
            assert not loop.trouble.reason
        with anyio.fail_after(30):
            while len(await letters(platform)) < 3:
                await platform.settle()
        assert await letters(platform) == [("parked", "act", False), ("parked", "act", True), ("bad", "act", False)]


async def test_marks_that_cannot_be_saved_now_are_saved_later() -> None:
    async with open_memory_service(counter, settings=TWICE) as service:
        await service.publish(Moved(log="a", counter="a"))
        await service.settle()
        before = dict(service._loop.partitions)
        service.database.at, met = failing(2, lambda: DatabaseBusy("locked"), "commit")
        for tried in (1, 2):
            await service.advance(2)
            assert len(met) == tried
            assert service._loop.partitions == before, "nothing starts over"
        await service.advance(2)
        assert not any(partition.dirty for partition in service._loop.partitions.values())


async def test_the_runtime_has_a_patience_of_its_own(database_url: str) -> None:
    async with open_platform([board], database_url, environ=QUICK) as platform:
        store: Any = platform.worker.hosts["board-ms"].loop._store
        async with locked(database_url, "board_ms.calls", "SHARE"):
            await send(platform, Act(line="a", steps=("row",)))
            await have_waited(platform, ["a"])
            shown = []
            for own in (False, True):
                async with store.transaction(own=own) as transaction:
                    shown.append(await transaction.db.fetchval("SHOW lock_timeout"))
            assert shown == ["5ms", "1s"]


_ACCUSE = """
CREATE FUNCTION accuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.line = 'accuser' THEN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END IF;
    IF NEW.line = 'stiff' THEN PERFORM set_config('transaction_read_only', 'on', true); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER accuse BEFORE INSERT ON calls FOR EACH ROW EXECUTE FUNCTION accuse()"""


async def test_a_trouble_that_a_turn_makes_itself_stops_its_own_key_alone(database_url: str) -> None:
    """Be it that a statement of the handler says so, or that the commit of its turn, which it left read-only, cannot be."""
    async with open_platform([board], database_url, environ=QUICK) as platform:
        await platform.worker.hosts["board-ms"].turns.execute(_ACCUSE)
        lines = ["a", "accuser", "b", "stiff", "c"]
        await send(platform, *(Act(line=line, steps=("row", "count", "tell")) for line in lines))
        await platform.until(lambda: told(platform) == {"a", "b", "c"}, 30)
        with anyio.fail_after(30):
            while len(await letters(platform)) < 2:
                await platform.settle()
        assert sorted(key for key, _, _ in await letters(platform)) == ["accuser", "stiff"]
        assert not platform.worker.hosts["board-ms"].loop.trouble.reason


async def test_a_read_only_database_stops_nothing_for_good(database_url: str) -> None:
    """Leases run out meanwhile; the worker says that it is not ready, and why, and goes on by itself."""
    async with open_platform([board], database_url, environ=QUICK) as platform:
        admin = await asyncpg.connect(database_url)
        name = await admin.fetchval("SELECT current_database()")
        await admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> $2"
        await admin.fetch(others, name, admin.get_server_pid())
        await send(platform, *(Act(line=line, steps=("count", "row", "tell")) for line in LOCKED))
        probe = platform.faces.probes["board-ms"]
        await platform.until(lambda: any("read-only" in trouble for trouble in probe.troubles()), 30)
        host = platform.worker.hosts["board-ms"]
        await platform.until(lambda: not host.loop.partitions and not host.ownership.granted, 30)
        health = await platform.http("board-ms").send("GET", "/health/ready")
        assert (health.status, health.json()["status"]) == (503, "troubled")
        assert any("read-only" in trouble for trouble in health.json()["troubles"])
        assert (await platform.http("board-ms").send("GET", "/health/live")).status == 200
        await admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        await admin.close()
        await platform.until(lambda: told(platform) == set(LOCKED), 30)
        await platform.settle()
        await platform.until(lambda: not probe.troubles(), 30)
        assert await rows(platform) == [(line, 0) for line in sorted(LOCKED)]
        assert await letters(platform) == []


def failing(
    times: int, error: Callable[[], Exception], point: Point
) -> tuple[Callable[[Point, str], Awaitable[None]], list[int]]:
    """A database in trouble for so many commits, and the count of those."""
    met: list[int] = []

    async def at(reached: Point, service: str) -> None:
        if reached == point and service and len(met) < times:
            met.append(1)
            raise error()

    return at, met


@pytest.mark.parametrize("error", [lambda: DatabaseTroubled("full"), lambda: DatabaseBusy("locked")])
@pytest.mark.parametrize("times", [2, 12])  # after two, a parking would go through
async def test_a_trouble_that_lasts_parks_nothing(error: Callable[[], Exception], times: int) -> None:
    async with open_memory_service(counter, settings=TWICE) as service:
        service.database.at, met = failing(times, error, "commit")
        await service.publish(Moved(log="a", counter="a"))
        with anyio.fail_after(30):
            while len(met) < times:
                await service.advance(5)
        await service.advance(5)
        assert await service.parked("a") == []
        assert len(service.events(Noted)) == 1
        assert (await service.ask(Add(counter="a", by=1))).total == 1


async def test_hundreds_of_keys_that_have_waited_do_not_go_before_what_is_new_and_keep_their_order() -> None:
    world, keys = MemoryWorld(), [f"k{n}" for n in range(300)]
    new = [[Add(counter=key, by=3) for key in ("new", keys[-1])]]

    async def something_new_comes(reached: Point, service: str) -> None:
        """With the first commit of those that have waited."""
        if reached == "commit" and new:
            await put_all(world, new.pop())

    async with open_memory_service(counter, world=world, settings=TWICE) as service:
        service.database.at, _ = failing(10_000, lambda: DatabaseBusy("locked"), "commit")
        await put_all(world, [Add(counter=key, by=by) for by in (1, 2) for key in keys])
        await service.settle()
        assert len(service.held()) == len(keys)
        service.database.at = something_new_comes
        service.clock.advance(10)
        await service.settle()
        order = [(noted.counter, noted.by) for noted in service.events(Noted)]
        assert order.index(("new", 3)) <= 2 * 64
        assert [by for key, by in order if key == keys[-1]] == [1, 2, 3]
        assert len(order) == 2 * len(keys) + 2


async def put_all(world: MemoryWorld, commands: list[Add]) -> None:
    """Commands that nobody waits for."""
    streams = [(COUNTERS.stream("commands", COUNTERS.partition_of(command.counter)), command) for command in commands]
    await Publisher(world.streams).publish([Outgoing(stream, sealed(command)) for stream, command in streams])


def damage(monkeypatch: pytest.MonkeyPatch, read: str, at: Callable[[Any], bool]) -> None:
    """What the store reads of some of what it is asked for is damaged for good; of the others, and of them alone, it is not."""
    real = getattr(MemoryTurnStore, read)

    async def reading(self: MemoryTurnStore, wanted: Any) -> Any:
        if any(map(at, wanted)):
            raise DatabaseDamaged("a row is damaged")
        return await real(self, wanted)

    monkeypatch.setattr(MemoryTurnStore, read, reading)


async def test_damage_holds_back_who_needs_it_alone_and_parks_it_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    damage(monkeypatch, "states", lambda name: name[2] == "k5")
    async with open_memory_service(counter, settings=TWICE) as service:
        for number in range(20):
            await service.publish(Moved(log="a", counter=f"k{number % 10}"))
        await service.settle()
        assert sorted({noted.counter for noted in service.events(Noted)}) == [f"k{n}" for n in range(10) if n != 5]
        for passed_s, parked in ((BUSY_WAIT.total_seconds() - 60, 0), (120, 2)):
            service.clock.advance(passed_s)
            await service.settle()
            assert len(await service.parked("k5")) == parked
        first, second = await service.parked("k5")
        assert "a row is damaged" in first.error
        assert second.behind


async def test_damage_of_the_inbox_holds_back_the_messages_of_which_it_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    damaged: set[Any] = set()
    damage(monkeypatch, "known", damaged.__contains__)
    world, ids = MemoryWorld(), [new_id() for _ in range(5)]
    damaged.add(ids[2])
    async with open_memory_service(counter, world=world, settings=TWICE) as service:
        stream = COUNTERS.stream("commands", COUNTERS.partition_of("a"))
        bodies = [sealed(Add(counter="a", by=n), message_id) for n, message_id in enumerate(ids)]
        await Publisher(world.streams).publish([Outgoing(stream, body) for body in bodies])
        await service.settle()
        assert [noted.by for noted in service.events(Noted)] == [0, 1]
        damaged.clear()
        await service.advance(5)
        assert [noted.by for noted in service.events(Noted)] == [0, 1, 2, 3, 4]


async def test_what_may_have_been_handled_is_not_handled_with_its_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    damaged: set[Any] = set()
    damage(monkeypatch, "known", damaged.__contains__)
    world, ids = MemoryWorld(), [new_id() for _ in range(3)]
    damaged.add(ids[1])
    async with open_memory_service(kilns, world=world, settings=TWICE) as service:
        bodies = [sealed(Stack(kiln="a"), message_id) for message_id in ids]
        await Publisher(world.streams).publish([Outgoing(KILNS.stream("commands", 0), body) for body in bodies])
        await service.settle()
        assert await service.state(Kiln, "a") == KilnState(shelves=1)
        damaged.clear()
        await service.advance(5)
        assert await service.state(Kiln, "a") == KilnState(shelves=3)


async def test_a_loss_that_nobody_explains_is_a_strike_and_a_trouble_is_none() -> None:
    """The handler may be to blame for the one: the message that is alone at each loss is parked."""
    async with open_memory_service(counter, settings=TWICE) as service:
        service.database.at, _ = failing(12, lambda: DatabaseUnavailable("the connection was lost"), "commit")
        await service.publish(Moved(log="a", counter="a"))
        with anyio.fail_after(30):
            while not await service.parked("a"):
                await service.advance(5)


async def test_a_task_that_lacks_a_dependency_waits_and_does_not_end_the_process() -> None:
    runs: list[int] = []

    async def task() -> None:
        runs.append(1)
        if len(runs) <= 3 * RESTARTS:
            error = DatabaseTroubled("full") if len(runs) % 2 else BusUnavailable("away")
            if len(runs) % 3:
                raise error
            raise ExceptionGroup("of its tasks", [error])

    await supervise("jobs", task, structlog.get_logger())
    assert len(runs) == 3 * RESTARTS + 1


async def test_a_task_whose_fault_is_mixed_with_a_trouble_has_broken() -> None:
    async def task() -> None:
        raise ExceptionGroup("of its tasks", [DatabaseUnavailable("away"), ValueError("its own")])

    with pytest.raises(TooManyRestarts):
        await supervise("jobs", task, structlog.get_logger())


class Log:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def warning(self, event: str, **fields: Any) -> None:
        self.events.append(f"{event}: {fields['error']}")

    def info(self, event: str, **fields: Any) -> None:
        self.events.append(f"{event}: {fields['reason']}")


def test_a_trouble_is_said_once_again_each_minute_and_when_it_is_over() -> None:
    log, now = Log(), 100.0
    trouble = Trouble(log, lambda: now)
    for number in range(10):
        trouble.met("waits", DatabaseTroubled(f"full, file {number}", "full"))
        now += 1
    assert log.events == ["waits: full, file 0"]
    assert trouble.reason == "full"
    trouble.over(proven=False)
    assert trouble.reason, "calm for too short a time to mean anything"
    now += AGAIN_S
    trouble.met("waits", DatabaseTroubled("full, file 11", "full"))
    trouble.met("waits", DatabaseTroubled("now read-only", "read-only"))
    trouble.over()
    assert log.events[1:] == ["waits: full, file 11", "waits: now read-only", "trouble_over: read-only"]
    trouble.met("waits", DatabaseUnavailable("cannot connect to 10.0.0.7"))
    assert trouble.reason == "The database cannot be reached."
    now += CALM_S
    trouble.over(proven=False)
    assert not trouble.reason
