"""A service for tests of the runtime: counters."""

from msgspec import Struct

from bus import Command, Event, Refusal, Topic
from nexus_actors import Actor, Context, Service, ServiceEntry, handles

COUNTERS = Topic("counter-ms", partitions=8)
LOGS = Topic("log-ms", partitions=4)


class Total(Struct, frozen=True):
    """What a counter stands at."""

    total: int


class Add(Command[Total], topic=COUNTERS, key="counter", scope="counter:write"):
    """Add to a counter. Negative numbers are refused, 666 is a fault."""

    counter: str
    by: int


class Noted(Event, topic=COUNTERS, key="counter"):
    """A counter was added to."""

    counter: str
    by: int
    total: int


class Moved(Event, topic=LOGS, key="log"):
    """An event of another service, whose key is not a counter's."""

    log: str
    counter: str


class CounterState(Struct):
    """What a counter remembers."""

    total: int = 0
    moved: int = 0


class Counter(Actor[CounterState]):
    """Adds up."""

    @handles
    def add(self, message: Add, ctx: Context) -> Total:
        self.state.total += message.by
        if message.by < 0:
            raise Refusal.invalid("negative", "Add a number that is not negative.")
        if message.by == 666:
            raise ValueError("the number of the beast")
        ctx.publish(Noted(counter=self.key, by=message.by, total=self.state.total))
        return Total(self.state.total)

    @handles(key="counter")
    def moved(self, message: Moved, ctx: Context) -> None:
        self.state.moved += 1
        ctx.publish(Noted(counter=self.key, by=0, total=self.state.moved))


COUNTER_ENTRY = ServiceEntry(name="counter-ms", title="Counter", module="test", port=1, package="tests", layer="business")
counter = Service(COUNTER_ENTRY, topic=COUNTERS, actors=[Counter])
