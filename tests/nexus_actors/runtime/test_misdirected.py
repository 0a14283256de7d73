"""What a handler gives back or sends the wrong way is its turn's fault, and not lost in silence."""

import functools
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Struct

from bus import Command, Event, Refusal, Topic
from nexus_actors import Actor, Context, RetryPolicy, Service, ServiceEntry, handles
from nexus_actors.runtime.assembly import LoopSettings
from nexus_actors.testing import open_memory_service

pytestmark = pytest.mark.anyio

DOCK = Topic("dock-ms", partitions=1)
ENTRY = ServiceEntry(name="dock-ms", title="Dock", module=None, port=1, package="tests", layer="business")
ONCE = LoopSettings(retry=RetryPolicy(max_attempts=1))


class Arrived(Event, topic=DOCK, key="ship"):
    """A ship is there."""

    ship: str


class Sort(Command[int], topic=DOCK, key="ship"):
    """Send something the wrong way."""

    ship: str
    way: str


class Count(Struct):
    """How many have come."""

    ships: int = 0


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*arguments: object) -> Any:
        return function(*arguments)

    return wrapper


class Dock(Actor[Count]):
    """Its wrapped handler is never awaited."""

    @handles
    @logged
    async def arrived(self, message: Arrived, ctx: Context) -> None:
        self.state.ships += 1

    @handles
    def sort(self, message: Sort, ctx: Context) -> int:
        wrong: Any = ctx
        if message.way == "publish":
            wrong.publish(message)
        elif message.way == "send":
            wrong.send(Arrived(ship=message.ship))
        else:
            wrong.schedule(Arrived(ship=message.ship), ctx.now, "later")
        return 1


service = Service(ENTRY, topic=DOCK, actors=[Dock])


async def test_an_event_whose_handler_was_called_and_never_ran_is_parked() -> None:
    async with open_memory_service(service, settings=ONCE) as dock:
        await dock.publish(Arrived(ship="a"))
        await dock.settle()
        (letter,) = await dock.parked("a")
        assert "Is its coroutine or generator wrapped in a plain function?" in letter.error


@pytest.mark.parametrize("way", ["publish", "send", "schedule"])
async def test_a_message_that_is_sent_the_wrong_way_fails_its_turn(way: str) -> None:
    async with open_memory_service(service, settings=ONCE) as dock:
        with pytest.raises(Refusal, match="message_parked"):
            await dock.ask(Sort(ship="a", way=way))
        (letter,) = await dock.parked("a")
        assert ("ContractError" if way != "schedule" else "ValueError") in letter.error
