"""What the signature of a handler says."""

from collections.abc import Sequence

from msgspec import Struct
from typing_extensions import TypeAliasType

from bus import Command
from nexus_actors import Actor, Context, handles
from nexus_actors.actor import handlers_of
from tests.nexus_actors.runtime.counter import COUNTERS, Noted


class Totals(Command[Sequence[int]], topic=COUNTERS, key="counter"):
    """Asks for all totals of a counter."""

    counter: str


class Tally(Struct):
    """How much there is."""

    total: int = 0


NotedMany = TypeAliasType("NotedMany", list[Noted])
TallyAlias = TypeAliasType("TallyAlias", Tally)


class Aliased(Actor[TallyAlias]):
    """Its types have other names, and its answer is a kind of what is promised."""

    @handles
    def totals(self, message: Totals, ctx: Context) -> tuple[int, ...]:
        """Answer with all of one."""
        return (self.state.total,)

    @handles
    def noted(self, messages: NotedMany, ctx: Context) -> None: ...


def test_types_may_have_other_names() -> None:
    found = {handler.name: handler for handler in handlers_of(Aliased)}
    assert Aliased.state_type() is Tally
    assert found["totals"].message_type is Totals
    assert (found["noted"].message_type, found["noted"].many) == (Noted, True)
