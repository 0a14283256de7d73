"""A service for tests of the runtime: lines that do what they are told, step by step."""

import time
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from bus import Command, Event, Refusal, Topic
from nexus_actors import Actor, Context, Service, ServiceEntry, handles

BOARD = Topic("board-ms", partitions=2)
BELLS = Topic("bell-ms", partitions=1)


class Done(Struct, frozen=True):
    """How many steps a line has counted, and whether its light is on."""

    count: int
    lit: bool


class Act(Command[Done], topic=BOARD, key="line"):
    """Do some steps: ``count``, ``light``, ``row``, ``add`` (a row in passing; with the name of a column there is none),
    ``tell``, ``refuse``, ``fault``, ``block 0.1``, ``set name 0.1`` (a timer), ``never name`` (one at the last instant of all),
    ``unset name``.
    """

    line: str
    steps: tuple[str, ...] = ("count",)
    number: int = 0


class Many(Command[int], topic=BOARD, key="line"):
    """Handled in lists. Negative numbers are refused, after a row was written."""

    line: str
    number: int


class Told(Event, topic=BOARD, key="line"):
    """A line was told to tell."""

    line: str
    number: int


class Rang(Event, topic=BELLS, key="bell"):
    """An event of another service, of interest to two actors here."""

    bell: str


class LineState(Struct):
    """What a line remembers."""

    count: int = 0
    lit: bool = False
    numbers: tuple[int, ...] = ()


class Line(Actor[LineState]):
    """Does as it is told."""

    @handles
    async def act(self, message: Act, ctx: Context) -> Done:
        for step in message.steps:
            await self._do(step.split(), message, ctx)
        self.state.numbers = (*self.state.numbers, message.number)
        return Done(self.state.count, self.state.lit)

    async def _do(self, step: list[str], message: Act, ctx: Context) -> None:
        match step:
            case ["count"]:
                self.state.count += 1
            case ["light"]:
                self.state.lit = not self.state.lit
            case ["row"]:
                await ctx.db.execute("INSERT INTO calls (line, number) VALUES ($1, $2)", self.key, message.number)
            case ["add", *extra]:
                ctx.db.insert("calls", line=self.key, number=message.number, **dict.fromkeys(extra))
            case ["tell"]:
                ctx.publish(Told(line=self.key, number=message.number))
            case ["refuse"]:
                raise Refusal.conflict("told_to", "The line was told to refuse.")
            case ["fault"]:
                raise ValueError("told to fail\0")
            case ["block", seconds]:
                time.sleep(float(seconds))  # noqa: TID251, ASYNC251 - a handler that blocks is what is tested
            case _:
                self._set(step, message, ctx)

    def _set(self, step: list[str], message: Act, ctx: Context) -> None:
        match step:
            case ["set", name, seconds]:
                ring = Act(line=self.key, steps=("tell",), number=message.number)
                ctx.schedule(ring, ctx.now + timedelta(seconds=float(seconds)), name)
            case ["never", name]:
                ctx.schedule(Act(line=self.key), datetime.max.replace(tzinfo=UTC), name)
            case ["unset", name]:
                ctx.unschedule(name)

    @handles
    async def many(self, messages: list[Many], ctx: Context) -> list[int]:
        for message in messages:
            await ctx.db.execute("INSERT INTO calls (line, number) VALUES ($1, $2)", self.key, message.number)
        if any(message.number < 0 for message in messages):
            raise Refusal.invalid("negative", "One of the numbers is negative.")
        return [len(messages)] * len(messages)

    @handles
    def rang(self, message: Rang, ctx: Context) -> None:
        ctx.publish(Told(line=self.key, number=1))


class Clapper(Actor[LineState]):
    """A second actor for the same event, with the same key."""

    @handles
    def rang(self, message: Rang, ctx: Context) -> None:
        ctx.publish(Told(line=self.key, number=2))


BOARD_ENTRY = ServiceEntry(
    name="board-ms",
    title="Switchboard",
    module="test",
    port=1,
    package="tests.nexus_actors.runtime.switchboard",
    layer="business",
)
board = Service(BOARD_ENTRY, topic=BOARD, actors=[Line, Clapper])
