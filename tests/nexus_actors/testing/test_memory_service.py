"""A service in memory behaves as it does on its servers."""

from datetime import timedelta

import pytest
from msgspec import Struct

from bus import Command, DeadlineExceeded, Refusal, Topic, new_id
from nexus_actors import Actor, Context, Service, ServiceEntry, handles
from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.memory import Point
from nexus_actors.retry import RetryPolicy
from nexus_actors.runtime.assembly import LoopSettings
from nexus_actors.testing import MemoryWorld, open_memory_service
from tests.nexus_actors.runtime.counter import Add, Counter, CounterState, Moved, Noted, Total, counter

pytestmark = pytest.mark.anyio

KETTLES = Topic("kettle-ms", partitions=2)


class Boil(Command[None], topic=KETTLES, key="kettle"):
    """Boil in a minute, and again each minute, three times."""

    kettle: str


class Whistle(Command[None], topic=KETTLES, key="kettle"):
    """It boils."""

    kettle: str


class Fill(Command[None], topic=KETTLES, key="kettle"):
    """Write to a table."""

    kettle: str


class KettleState(Struct):
    whistles: list[float] = []


class Kettle(Actor[KettleState]):
    """Whistles."""

    @handles
    def boil(self, message: Boil, ctx: Context) -> None:
        ctx.schedule(Whistle(kettle=self.key), ctx.now + timedelta(minutes=1), "whistle")
        ctx.send(Add(counter=self.key, by=1))

    @handles
    def whistle(self, message: Whistle, ctx: Context) -> None:
        self.state.whistles.append(ctx.now.timestamp())
        if len(self.state.whistles) < 3:
            ctx.schedule(Whistle(kettle=self.key), ctx.now + timedelta(minutes=1), "whistle")

    @handles(retry=RetryPolicy(max_attempts=20))
    async def fill(self, message: Fill, ctx: Context) -> None:
        await ctx.db.execute("INSERT INTO kettles VALUES ($1)", self.key)


ENTRY = ServiceEntry(name="kettle-ms", title="Kettle", module="test", port=1, package="tests", layer="business")
kettle = Service(ENTRY, topic=KETTLES, actors=[Kettle])


async def test_it_is_asked_and_publishes() -> None:
    async with open_memory_service(counter) as service:
        assert await service.ask(Add(counter="a", by=2)) == Total(2)
        assert await service.ask(Add(counter="a", by=3)) == Total(5)
        assert [event.total for event in service.events(Noted)] == [2, 5]
        assert await service.state(Counter, "a") == CounterState(total=5)
        assert await service.state(Counter, "b") is None


async def test_it_refuses() -> None:
    async with open_memory_service(counter) as service:
        with pytest.raises(Refusal, match="negative"):
            await service.ask(Add(counter="a", by=-1))
        assert service.events(Noted) == []


async def test_the_same_id_gets_the_first_answer() -> None:
    async with open_memory_service(counter) as service:
        first = new_id()
        assert await service.ask(Add(counter="a", by=2), id=first) == Total(2)
        assert await service.ask(Add(counter="a", by=2), id=first) == Total(2)
        assert len(service.events(Noted)) == 1


async def test_events_of_others_reach_the_actor_that_they_name() -> None:
    async with open_memory_service(counter) as service:
        for log in ("x", "y", "z"):
            await service.publish(Moved(log=log, counter="a"))
        await service.settle()
        assert [event.total for event in service.events(Noted)] == [1, 2, 3]


async def test_a_fault_is_parked_with_its_cause() -> None:
    async with open_memory_service(counter) as service:
        with pytest.raises(Refusal, match="message_parked"):
            await service.ask(Add(counter="bad", by=666))
        letters = await service.parked("bad")
        assert "the number of the beast" in letters[0].error
        assert await service.ask(Add(counter="good", by=1)) == Total(1)


async def test_time_passes_when_it_is_told_to() -> None:
    async with open_memory_service(kettle) as service:
        began_at = service.clock().timestamp()
        await service.ask(Boil(kettle="k"))
        await service.advance(59)
        assert await service.state(Kettle, "k") == KettleState()
        await service.advance(3_600)
        state = await service.state(Kettle, "k")
        assert state is not None
        assert state.whistles == [began_at + 60, began_at + 120, began_at + 180], "each at its own instant"
        assert service.commands(Add) == [Add(counter="k", by=1)]


async def test_a_held_key_is_tried_again_as_time_passes() -> None:
    settings = LoopSettings(retry=RetryPolicy(max_attempts=3, base_s=10))
    async with open_memory_service(counter, settings=settings) as service:
        with pytest.raises(DeadlineExceeded, match="advance the time"):
            await service.ask(Add(counter="bad", by=666))
        assert await service.parked("bad") == []
        await service.advance(60)
        assert [letter.attempts for letter in await service.parked("bad")] == [3]


async def test_sql_is_refused_at_once_and_says_what_to_do() -> None:
    async with open_memory_service(kettle) as service:
        with pytest.raises(Refusal, match="message_parked"):
            await service.ask(Fill(kettle="k"))
        error = (await service.parked("k"))[0].error
        assert "INSERT INTO kettles" in error
        assert "Test this service on PostgreSQL" in error


async def test_a_second_one_goes_on_in_the_same_world() -> None:
    world = MemoryWorld()
    async with open_memory_service(counter, world=world) as service:
        await service.ask(Add(counter="a", by=2))
    async with open_memory_service(counter, world=world) as service:
        assert await service.ask(Add(counter="a", by=3)) == Total(5)


@pytest.mark.parametrize("point", ["statement", "commit", "committed"])
async def test_a_lost_connection_changes_no_outcome(point: Point) -> None:
    # A message that is alone at as many losses as it may have attempts is parked, so one attempt would be too few.
    async with open_memory_service(counter, settings=LoopSettings()) as service:
        broken: list[Point] = []

        async def lose(at: Point, name: str) -> None:
            if at == point and not broken:
                broken.append(at)
                raise DatabaseUnavailable(f"{name}: the connection was lost.")

        service.database.at = lose
        asked = new_id()
        if point == "committed":
            with pytest.raises(DeadlineExceeded):
                await service.ask(Add(counter="a", by=2), id=asked)
        assert await service.ask(Add(counter="a", by=2), id=asked) == Total(2)
        assert broken == [point]
        assert [event.total for event in service.events(Noted)] == [2]
