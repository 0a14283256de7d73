"""What becomes of failures, handler by handler and error by error."""

from collections.abc import Callable
from typing import Final

import pytest

from bus import Command, DeadlineExceeded, Event, HandlerFailed, Refusal, Topic, new_id
from nexus_actors import Actor, Context, Park, Retry, RetryPolicy, Service, ServiceEntry, handles
from nexus_actors.runtime.assembly import LoopSettings
from nexus_actors.testing import MemoryService, open_memory_service

pytestmark = pytest.mark.anyio

FORGE: Final = Topic("forge-ms", partitions=1)
SETTINGS: Final = LoopSettings(retry=RetryPolicy(max_attempts=3, base_s=10, jitter=0))
SHOWING: Final = LoopSettings(retry=SETTINGS.retry, shows_faults=True)
OWN: Final = RetryPolicy(max_attempts=2, base_s=1, jitter=0, never=(LookupError,))


class Bad(Exception):
    """An error of this service."""


class Strike(Command[int], topic=FORGE, key="anvil"):
    """Strike: fails as it is told."""

    anvil: str
    how: str


class Temper(Command[int], topic=FORGE, key="anvil"):
    """The same, to a handler without a policy of its own."""

    anvil: str
    how: str


class Heated(Event, topic=FORGE, key="anvil"):
    """Two actors take it."""

    anvil: str
    how: str
    who: str


ERRORS: Final[dict[str, Callable[[], Exception]]] = {
    "value": lambda: ValueError("cracked"),
    "bad": lambda: Bad("slag"),
    "key": lambda: KeyError("no such hammer"),
    "soon": lambda: Retry("the iron is cold", after_s=100),
    "park": lambda: Park("no iron"),
    "no": lambda: Refusal.conflict("no_coal", "There is no coal."),
    "surrogate": lambda: ValueError("\ud800 and NUL \0"),
}
CURED: Final[set[str]] = set()
STRUCK: Final[list[str]] = []


def strike(how: str) -> int:
    STRUCK.append(how)
    if how in ERRORS and how not in CURED:
        raise ERRORS[how]()
    return 1


class Anvil(Actor[None]):
    """Has a policy of its own."""

    @handles(retry=OWN)
    def strike(self, message: Strike, ctx: Context) -> int:
        return strike(message.how)

    @handles
    def temper(self, message: Temper, ctx: Context) -> int:
        return strike(message.how)

    @handles(retry=RetryPolicy(never=(Bad, Refusal)))
    def heated(self, message: Heated, ctx: Context) -> None:
        strike(message.how if message.who == "anvil" else "")


class Tongs(Actor[None]):
    """Takes the same event, with no policy of its own."""

    @handles
    def heated(self, message: Heated, ctx: Context) -> None:
        strike(message.how if message.who == "tongs" else "")


ENTRY: Final = ServiceEntry(name="forge-ms", title="F", module="test", port=1, package="tests", layer="business")
forge: Final = Service(ENTRY, topic=FORGE, actors=[Anvil, Tongs])


async def attempts(service: MemoryService, seconds: float) -> list[int]:
    """With how many attempts messages of the key are parked after a time."""
    await service.advance(seconds)
    return [letter.attempts for letter in await service.parked("a")]


async def failing(service: MemoryService, command: Command[int]) -> None:
    with pytest.raises(DeadlineExceeded):
        await service.ask(command)


@pytest.fixture(autouse=True)
def nothing_is_cured() -> None:
    CURED.clear()


async def test_a_handler_follows_its_own_policy_and_the_others_that_of_the_service() -> None:
    async with open_memory_service(forge, settings=SETTINGS) as service:
        await failing(service, Strike(anvil="a", how="value"))
        assert await attempts(service, 0.5) == []
        assert await attempts(service, 1) == [2]
    async with open_memory_service(forge, settings=SETTINGS) as service:
        await failing(service, Temper(anvil="a", how="value"))
        assert await attempts(service, 11) == []
        assert await attempts(service, 20) == [3]


@pytest.mark.parametrize(
    "command", [Strike(anvil="a", how="key"), Strike(anvil="a", how="park"), Temper(anvil="a", how="park")]
)
async def test_what_no_try_will_mend_is_parked_at_once(command: Command[int]) -> None:
    async with open_memory_service(forge, settings=SETTINGS) as service:
        with pytest.raises(Refusal, match="message_parked"):
            await service.ask(command)
        assert await attempts(service, 0) == [1]


async def test_a_handler_says_when_to_be_tried_again_and_that_counts() -> None:
    async with open_memory_service(forge, settings=SETTINGS) as service:
        await failing(service, Temper(anvil="a", how="soon"))
        assert await attempts(service, 99) == []
        CURED.add("soon")
        first = new_id()
        with pytest.raises(DeadlineExceeded):
            await service.ask(Temper(anvil="a", how=""), id=first)
        await service.advance(1)
        assert await service.ask(Temper(anvil="a", how=""), id=first) == 1
        CURED.clear()
        await failing(service, Temper(anvil="a", how="soon"))
        assert await attempts(service, 199) == []
        assert await attempts(service, 1) == [3]


@pytest.mark.parametrize(("who", "expected"), [("anvil", [1]), ("tongs", [])])
@pytest.mark.parametrize("how", ["bad", "no"])
async def test_of_several_handlers_the_one_that_failed_decides(who: str, how: str, expected: list[int]) -> None:
    async with open_memory_service(forge, settings=SETTINGS) as service:
        await service.publish(Heated(anvil="a", how=how, who=who))
        await service.settle()
        assert await attempts(service, 0) == expected


async def test_in_development_the_asker_learns_at_once_what_was_raised_and_where() -> None:
    async with open_memory_service(forge, settings=SHOWING) as service:
        first = new_id()
        with pytest.raises(HandlerFailed) as caught:
            await service.ask(Temper(anvil="a", how="value"), id=first)
        told = str(caught.value)
        assert "tried again" in told
        assert str(first) in told
        assert "in temper" in told
        assert "ValueError: cracked" in told
        assert "nexus_actors/runtime/turn.py" not in told
        CURED.add("value")
        await service.advance(10)
        assert await service.ask(Temper(anvil="a", how="value"), id=first) == 1, "the inbox keeps the real answer"


async def test_in_development_only_the_first_failure_is_told_and_a_parked_one_says_so() -> None:
    async with open_memory_service(forge, settings=SHOWING) as service:
        with pytest.raises(HandlerFailed, match="waits in the dead letters"):
            await service.ask(Temper(anvil="a", how="park"))
        with pytest.raises(Refusal, match="message_parked"):
            await service.ask(Temper(anvil="a", how=""))


async def test_whatever_an_error_says_can_be_told() -> None:
    async with open_memory_service(forge, settings=SHOWING) as service:
        with pytest.raises(HandlerFailed, match=r"\\ud800"):
            await service.ask(Temper(anvil="a", how="surrogate"))


async def test_elsewhere_no_answer_shows_what_was_raised() -> None:
    async with open_memory_service(forge, settings=SETTINGS) as service:
        await failing(service, Temper(anvil="a", how="value"))
        with pytest.raises(Refusal) as caught:
            await service.ask(Temper(anvil="b", how="park"))
        assert "no iron" not in str(caught.value)


async def test_very_many_keys_that_fail_again_keep_no_other_waiting() -> None:
    async with open_memory_service(forge, settings=SETTINGS) as service:
        for number in range(250):
            await service.publish(Heated(anvil=f"{number}", how="value", who="tongs"))
        await service.settle()
        assert STRUCK.count("value") >= 250
        STRUCK.clear()
        service.clock.advance(10)
        assert await service.ask(Strike(anvil="another", how="well")) == 1
        assert STRUCK[0] == "well", "what has not failed before comes first"
        assert STRUCK.count("value") >= 250
        STRUCK.clear()
        CURED.add("value")
        await service.advance(20)
        assert STRUCK.count("value") == 250
