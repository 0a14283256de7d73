"""What a handler leaves behind is checked in its turn: nobody else is to stumble over it later."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, NoReturn, TypedDict

import pytest
import structlog
from msgspec import Meta, Struct

from bus import Command, Event, Refusal, Topic
from bus.round_trip import LONGEST_MESSAGE, LONGEST_STATE
from nexus_actors import Actor, Context, GaveUp, Job, Report, Service, ServiceEntry, Work, context, handles
from nexus_actors.memory.no_sql import NoSql, SqlRefused
from nexus_actors.postgres.statement import StatementRefused
from nexus_actors.testing import open_memory_service, open_platform
from nexus_actors.testing.memory_service import ONCE

pytestmark = pytest.mark.anyio

SHOPS = Topic("shop-ms", partitions=1)
NAIVE = datetime(2026, 11, 30)  # noqa: DTZ001 - that is what is tested


class Do(Command[None], topic=SHOPS, key="shop"):
    """Do what the test says."""

    shop: str
    what: str = ""


class Opened(Command[None], topic=SHOPS, key="shop", scope="shop:open"):
    """Has a field with a limit."""

    shop: str
    guests: Annotated[int, Meta(ge=0)] = 0
    note: str = ""


class Lost(Command[None], topic=SHOPS, key="shop"):
    """Nobody handles it."""

    shop: str


class Keep(Command[str], topic=SHOPS, key="shop"):
    """Keep a text, and answer with another one."""

    shop: str
    kept_bytes: int = 0
    answered_bytes: int = 0


class Bill(TypedDict):
    """What there is to pay."""

    cents: int


class Charge(Command[Bill], topic=SHOPS, key="shop"):
    """Make a bill. A text is not of the type that was promised."""

    shop: str
    cents: int | str


class Priced(Event, topic=SHOPS, key="shop"):
    """A price, with a limit."""

    shop: str
    cents: Annotated[int, Meta(ge=0)] = 0
    rate: float | None = None
    text: str = ""


class Paint(Job, topic=SHOPS, key="shop"):
    """A job."""

    shop: str
    text: str = ""


class Painting(Work[Paint]):
    """Paints."""

    def run(self, job: Paint, report: Report) -> Command[Any]:
        return Opened(shop=job.shop)

    def ended(self, job: Paint, end: GaveUp) -> Command[Any]:
        return Opened(shop=job.shop)


class Mute(Exception):
    """Has no text."""

    def __str__(self) -> NoReturn:
        raise RuntimeError("no text")


def fail(error: Exception) -> NoReturn:
    raise error


Deed = Callable[[Context], object]
BIG = "x" * LONGEST_MESSAGE
BAD: dict[str, tuple[Deed, str]] = {
    "an event of wrong types": (lambda ctx: ctx.publish(Priced(shop="a", cents="12")), "got `str` - at `$.cents`"),  # type: ignore[arg-type]
    "an event beyond its limit": (lambda ctx: ctx.publish(Priced(shop="a", cents=-5)), "Expected `int` >= 0 - at `$.cents`"),
    "an event with NaN": (lambda ctx: ctx.publish(Priced(shop="a", rate=math.nan)), "JSON has no number nan - at `$.rate`"),
    "a command beyond its limit": (lambda ctx: ctx.send(Opened(shop="a", guests=-1)), "at `$.guests`"),
    "a timer beyond its limit": (lambda ctx: ctx.schedule(Opened(shop="a", guests=-1), ctx.now, "t"), "at `$.guests`"),
    "a job of wrong types": (lambda ctx: ctx.start(Paint(shop="a", text=7)), "at `$.text`"),  # type: ignore[arg-type]
    "an event too large": (lambda ctx: ctx.publish(Priced(shop="a", text=BIG)), "more than 1,048,576"),
    "a job too large": (lambda ctx: ctx.start(Paint(shop="a", text=BIG)), "more than 1,048,576"),
    "half a surrogate pair": (lambda ctx: ctx.publish(Priced(shop="a", text="\udcff")), "surrogates not allowed"),
    "a key of half a surrogate pair": (lambda ctx: ctx.publish(Priced(shop="\udcff")), "half a surrogate pair"),
    "a key too long": (lambda ctx: ctx.publish(Priced(shop="k" * 513)), "has 513 characters"),
    "a command that nobody here handles": (lambda ctx: ctx.send(Lost(shop="a")), "No actor of shop-ms handles Lost"),
    "a timer that nobody here handles": (
        lambda ctx: ctx.schedule(Lost(shop="a"), ctx.now, "t"),
        "No actor of shop-ms handles Lost",
    ),
    "a timer without a time zone": (lambda ctx: ctx.schedule(Do(shop="a"), NAIVE, "t"), "has no time zone"),
    "a timer of the year 10000": (
        lambda ctx: ctx.schedule(Do(shop="a"), datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))), "t"),
        "has no equal in UTC",
    ),
    "a timer without a name": (lambda ctx: ctx.schedule(Do(shop="a"), ctx.now, ""), "cannot be the name of a timer"),
    "a timer's name with NUL": (lambda ctx: ctx.schedule(Do(shop="a"), ctx.now, "a\0"), "cannot be the name of a timer"),
    "a timer's name of half a pair": (lambda ctx: ctx.schedule(Do(shop="a"), ctx.now, "\udcff"), "cannot be the name"),
    "a timer's name too long": (lambda ctx: ctx.schedule(Do(shop="a"), ctx.now, "é" * 129), "cannot be the name of a timer"),
    "a name to unschedule with NUL": (lambda ctx: ctx.unschedule("a\0"), "cannot be the name of a timer"),
    "an error with half a pair": (lambda _: fail(ValueError("bad \udcff")), r"bad \udcff"),
    "an error with NUL": (lambda _: fail(ValueError("bad \0")), r"bad \0"),
    "an error without a text": (lambda _: fail(Mute()), "Mute"),
    "an error that is long": (lambda _: fail(ValueError("x" * 9_000 + "end")), "end"),
}


class Shop(Actor[None]):
    """Does what tests say."""

    @handles
    def do(self, message: Do, ctx: Context) -> None:
        ctx.publish(Priced(shop=self.key, cents=1))
        if message.what:
            BAD[message.what][0](ctx)

    @handles
    def charge(self, message: Charge, ctx: Context) -> Bill:
        return {"cents": message.cents}  # type: ignore[typeddict-item]

    @handles
    def opened(self, message: Opened, ctx: Context) -> None:
        """Nothing."""


class ShelfState(Struct):
    """A text."""

    text: str = ""


class Shelf(Actor[ShelfState]):
    """Keeps texts."""

    @handles
    def keep(self, message: Keep, ctx: Context) -> str:
        self.state.text = "x" * message.kept_bytes
        return "x" * message.answered_bytes


ENTRY = ServiceEntry(name="shop-ms", title="Shop", module="test", port=1, package="tests", layer="business")
shop = Service(ENTRY, topic=SHOPS, actors=[Shop, Shelf], works=[Painting])


@pytest.mark.parametrize("what", BAD)
async def test_a_turn_that_leaves_what_cannot_be_is_parked_with_its_cause_and_nobody_else(what: str) -> None:
    async with open_memory_service(shop, settings=ONCE) as service:
        with pytest.raises(Refusal, match="message_parked"):
            await service.ask(Do(shop="a", what=what))
        [letter] = await service.parked("a")
        assert BAD[what][1] in letter.error
        assert len(letter.error) <= 8_000
        await service.ask(Do(shop="b"))
        await service.advance(1)
        assert [priced.shop for priced in service.events(Priced)] == ["b"]
        assert service.jobs(Paint) == []


@pytest.mark.parametrize("what", ["a timer without a time zone", "an error with NUL", "an error with half a pair"])
async def test_postgresql_and_memory_agree(database_url: str, what: str) -> None:
    async with open_platform([shop], database_url, environ={"NEXUS_MAX_ATTEMPTS": "1"}) as platform:
        with pytest.raises(Refusal, match="message_parked"):
            await platform.ask(Do(shop="a", what=what))
        await platform.ask(Do(shop="b"))


async def test_a_timer_may_be_due_at_the_last_instant_of_all(database_url: str) -> None:
    last = datetime.max.replace(tzinfo=timezone(timedelta(hours=1)))
    BAD["last"] = (lambda ctx: ctx.schedule(Do(shop="a", what="an error with NUL"), last, "é" * 128), "")
    async with open_memory_service(shop) as service:
        await service.ask(Do(shop="a", what="last"))
        await service.advance(60)
    async with open_platform([shop], database_url) as platform:
        await platform.ask(Do(shop="a", what="last"))
        await platform.ask(Do(shop="a"))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (Keep(shop="a", answered_bytes=LONGEST_MESSAGE), "The answer to Keep has 1,048,578 bytes"),
        (Keep(shop="a", kept_bytes=LONGEST_STATE), "The state of Shelf has 16,777,227 bytes"),
    ],
)
async def test_an_answer_or_a_state_that_is_too_large_is_refused_in_its_turn(command: Keep, words: str) -> None:
    async with open_memory_service(shop, settings=ONCE) as service:
        with structlog.testing.capture_logs(), pytest.raises(Refusal, match="message_parked"):
            await service.ask(command)
        [letter] = await service.parked("a")
        assert words in letter.error
        assert await service.state(Shelf, "a") is None
        assert await service.ask(Keep(shop="b", kept_bytes=LONGEST_MESSAGE, answered_bytes=1_000)) == "x" * 1_000


async def test_memory_refuses_the_statements_that_postgresql_does() -> None:
    async with NoSql().savepoint():
        with pytest.raises(StatementRefused):
            await NoSql().execute("COMMIT")
        with pytest.raises(SqlRefused):
            await NoSql().execute("SELECT 1")


def send_some(ctx: Context, count: int) -> None:
    for _ in range(count):
        ctx.send(Opened(shop="a"))


@pytest.mark.parametrize(("bound", "most"), [("MOST_EFFECTS", 5), ("MOST_EFFECT_BYTES", 2_000)])
async def test_a_turn_has_so_many_effects_and_no_more(monkeypatch: pytest.MonkeyPatch, bound: str, most: int) -> None:
    monkeypatch.setattr(context, bound, most)
    BAD["some"] = (lambda ctx: send_some(ctx, 3), "")
    BAD["many"] = (lambda ctx: send_some(ctx, 5), "")
    async with open_memory_service(shop, settings=ONCE) as service:
        await service.ask(Do(shop="a", what="some"))
        with pytest.raises(Refusal, match="message_parked"):
            await service.ask(Do(shop="a", what="many"))
        [letter] = await service.parked("a")
        assert "Do it in several turns" in letter.error


async def test_an_answer_may_be_a_typed_dict_and_is_held_to_it() -> None:
    async with open_memory_service(shop) as service:
        assert await service.ask(Charge(shop="a", cents=3)) == {"cents": 3}
        with pytest.raises(Refusal, match="message_parked"):
            await service.ask(Charge(shop="a", cents="three"))
        (letter,) = await service.parked("a")
        assert "Expected `int`, got `str` - at `$.cents`" in letter.error


async def test_a_command_that_nobody_could_read_is_not_asked(database_url: str) -> None:
    async with open_platform([shop], database_url) as platform:
        with pytest.raises(Refusal, match=r"message_invalid: .*Expected `int` >= 0 - at `\$\.guests`"):
            await platform.ask(Opened(shop="a", guests=-1))
        with pytest.raises(Refusal, match="key_unusable"):
            await platform.ask(Opened(shop="\udcff"))
