"""The services of the simulation: walkers take steps, followers see them; every effect is written down in a state."""

from collections.abc import Callable
from datetime import timedelta

from msgspec import Struct, field

from bus import Command, Event, Topic
from nexus_actors import Actor, Context, Service, ServiceEntry, handles

WALKERS = Topic("walker-ms", partitions=4)
FOLLOWERS = Topic("follower-ms", partitions=2)


class Stood(Struct, frozen=True):
    """Where a step led to."""

    n: int


class Step(Command[Stood], topic=WALKERS, key="walker"):
    """Take a step."""

    walker: str
    n: int


class Ring(Command[None], topic=WALKERS, key="walker"):
    """A timer of its own for every third step."""

    walker: str
    n: int


class Rest(Command[None], topic=WALKERS, key="walker"):
    """A timer that every step sets anew."""

    walker: str
    n: int


class Stepped(Event, topic=WALKERS, key="walker"):
    """A step was taken."""

    walker: str
    group: str
    n: int


class Followed(Event, topic=FOLLOWERS, key="walker"):
    """A step was seen."""

    walker: str
    n: int


class WalkerState(Struct):
    """What a walker has done."""

    steps: list[int] = field(default_factory=list)
    rings: list[int] = field(default_factory=list)
    rests: list[int] = field(default_factory=list)


class FollowerState(Struct):
    """What was seen of a walker."""

    steps: list[int] = field(default_factory=list)


class GroupState(Struct):
    """What was seen of some walkers, as (walker, step)."""

    seen: list[tuple[str, int]] = field(default_factory=list)


def rings(n: int) -> bool:
    """Whether a step sets a timer that rings."""
    return n % 3 == 0


def group_of(walker: str) -> str:
    """The group of a walker: two go together."""
    return f"g{int(walker.removeprefix('w')) // 2}"


def walker_service(stumble: Callable[[Struct], None]) -> Service:
    """The service that takes steps.

    Args:
        stumble: called in each turn, with the actor's state; raises, or spoils the state, where the turn is to fail.
    """

    class Walker(Actor[WalkerState]):
        @handles
        def step(self, message: Step, ctx: Context) -> Stood:
            self.state.steps.append(message.n)
            ctx.publish(Stepped(walker=self.key, group=group_of(self.key), n=message.n))
            if rings(message.n):
                ctx.schedule(Ring(walker=self.key, n=message.n), ctx.now + timedelta(seconds=1), f"ring {message.n}")
            ctx.schedule(Rest(walker=self.key, n=message.n), ctx.now + timedelta(seconds=2), "rest")
            stumble(self.state)
            return Stood(message.n)

        @handles
        def ring(self, message: Ring, ctx: Context) -> None:
            self.state.rings.append(message.n)
            stumble(self.state)

        @handles
        def rest(self, message: Rest, ctx: Context) -> None:
            self.state.rests.append(message.n)
            stumble(self.state)

    entry = ServiceEntry(name="walker-ms", title="Walkers", module="test", port=1, package="tests", layer="business")
    return Service(entry, topic=WALKERS, actors=[Walker])


def follower_service(stumble: Callable[[Struct], None]) -> Service:
    """The service that sees steps, under the walker's key and under its group's."""

    class Follower(Actor[FollowerState]):
        @handles
        def stepped(self, messages: list[Stepped], ctx: Context) -> None:
            for message in messages:
                self.state.steps.append(message.n)
                ctx.publish(Followed(walker=self.key, n=message.n))
            stumble(self.state)

    class Group(Actor[GroupState]):
        @handles(key="group")
        def stepped(self, message: Stepped, ctx: Context) -> None:
            self.state.seen.append((message.walker, message.n))
            stumble(self.state)

    entry = ServiceEntry(name="follower-ms", title="Followers", module="test", port=2, package="tests", layer="business")
    return Service(entry, topic=FOLLOWERS, actors=[Follower, Group])
