"""An actor remembers the same whether it has stayed in memory or not."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import Struct, field

from bus import Command, Topic
from nexus_actors import Actor, Context, Service, ServiceEntry, handles
from nexus_actors.identity import Identity
from nexus_actors.memory import MemoryTurnStore
from nexus_actors.runtime.activations import Activations
from nexus_actors.testing import MemoryWorld, open_memory_service

pytestmark = pytest.mark.anyio

CLOCKS = Topic("clock-ms", partitions=1)


class Told(Struct, frozen=True):
    """What a clock makes of what it remembers."""

    next_at: datetime
    anything: Any
    is_plain: bool
    is_one: bool


class Wind(Command[None], topic=CLOCKS, key="clock"):
    """Remember something of which JSON does not keep all."""

    clock: str


class Tell(Command[Told], topic=CLOCKS, key="clock"):
    """Reckon with it."""

    clock: str


class ClockState(Struct):
    """What a clock remembers."""

    at: datetime | None = None
    anything: Any = None
    counts: dict[str, int] = field(default_factory=dict)
    first: list[int] = field(default_factory=list)
    second: list[int] = field(default_factory=list)


class Clock(Actor[ClockState]):
    """Remembers a noon in Berlin, on the day before its clocks go back."""

    @handles
    def wind(self, message: Wind, ctx: Context) -> None:
        both = [1]
        noon = datetime(2026, 10, 24, 12, tzinfo=ZoneInfo("Europe/Berlin"))
        self.state = ClockState(noon, anything=(1, noon), counts=defaultdict(int), first=both, second=both)

    @handles
    def tell(self, message: Tell, ctx: Context) -> Told:
        assert self.state.at is not None
        next_at = (self.state.at + timedelta(days=1)).astimezone(UTC)
        one = self.state.first is self.state.second
        return Told(next_at, self.state.anything, type(self.state.counts) is dict, one)


CLOCK_ENTRY = ServiceEntry(name="clock-ms", title="Clocks", module="test", port=1, package="tests", layer="business")
clocks = Service(CLOCK_ENTRY, topic=CLOCKS, actors=[Clock])


async def test_an_actor_that_stays_in_memory_remembers_what_one_does_that_is_read_again() -> None:
    world = MemoryWorld()
    async with open_memory_service(clocks, world=world) as service:
        await service.ask(Wind(clock="c"))
        warm = [await service.ask(Tell(clock="c"))]
        await service.ask(Wind(clock="c"))
        warm.append(await service.ask(Tell(clock="c")))
    async with open_memory_service(clocks, world=world) as service:
        cold = await service.ask(Tell(clock="c"))
    assert warm == [cold, cold]
    assert (cold.is_plain, cold.is_one) == (True, False)


async def test_large_states_go_from_memory_before_there_are_many_actors() -> None:
    activations = Activations(MemoryTurnStore("clock-ms", MemoryWorld().database), [Clock], limit=4, limit_bytes=1_000)

    async def use(key: str, size: int) -> None:
        await activations.wake([(Clock, Identity("main", key), 0)])
        activation = activations.get(Clock, Identity("main", key))
        activation.actor.state.anything = "x" * size
        activation.settle()
        activations.shrink()

    for key in ("a", "b", "c", "d", "e"):
        await use(key, 1)
    assert len(activations) == 4
    for _ in range(2):
        await use("f", 400)
    assert len(activations) == 4
    await use("g", 400)
    assert [key for key in "abcdefg" if is_alive(activations, key)] == ["f", "g"]
    await use("f", 1)
    for key in ("h", "i"):
        await use(key, 1)
    assert [key for key in "abcdefghi" if is_alive(activations, key)] == ["f", "g", "h", "i"]
    activations.drop_identity(Identity("main", "g"))
    await use("j", 400)
    assert [key for key in "abcdefghij" if is_alive(activations, key)] == ["f", "h", "i", "j"]
    await use("k", 2_000)
    assert len(activations) == 0


def is_alive(activations: Activations, key: str) -> bool:
    return ("Clock", "main", key) in activations
