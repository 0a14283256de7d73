"""A state that cannot be read stops its own key alone, and an operator mends it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest
import structlog

from bus import Command, Refusal, new_id
from bus.codec import encode_envelope
from bus.envelope import seal
from bus.position import START
from bus.publisher import Outgoing, Publisher
from bus.requests import Answer, decode_answer
from bus.topic import StreamName
from nexus_actors import Actor, Context, Service, handles
from nexus_actors.retry import RetryPolicy
from nexus_actors.runtime.assembly import LoopSettings
from nexus_actors.runtime.own_commands import DropState, ReleaseKey, ReplaceState, ShowState, StateShown
from nexus_actors.testing import MemoryService, MemoryWorld, open_memory_service
from tests.nexus_actors.runtime.kiln import KILN_ENTRY, KILNS, Fire, Fired, Kiln, KilnState, kilns

pytestmark = pytest.mark.anyio

PATIENT = LoopSettings(retry=RetryPolicy(max_attempts=5))
REPLIES = StreamName("{replies:operator}:replies")
UNREADABLE = b'{"pots":["1"],"celsius":null}'


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as captured:
        yield captured


@pytest.fixture
async def world() -> MemoryWorld:
    """A kiln whose state an earlier release has left as it should not."""
    left = MemoryWorld()
    async with open_memory_service(kilns, world=left) as kiln:
        await kiln.ask(Fire(kiln="a", pot="1"))
    left.database.service("kiln-ms").states["Kiln", "main", "a"] = UNREADABLE
    return left


@pytest.fixture
async def kiln(world: MemoryWorld) -> AsyncIterator[MemoryService]:
    async with open_memory_service(kilns, world=world, settings=PATIENT) as opened:
        yield opened


async def order(kiln: MemoryService, world: MemoryWorld, command: Command[Any]) -> Answer:
    """Ask a command of the runtime itself."""
    envelope = seal(command, message_id=new_id(), source="console", now=world.clock())
    body = encode_envelope(envelope.replace(replyto=REPLIES, principal="olga"))
    await Publisher(world.streams).publish([Outgoing(KILNS.stream("commands", 0), body)])
    await kiln.settle()
    entries = await world.streams.read({REPLIES: START}, 1_000, 0)
    return next(answer for entry in entries if (answer := decode_answer(entry.body)).id == envelope.id)


async def test_a_state_that_cannot_be_read_parks_its_key_at_once_and_stops_no_other(
    kiln: MemoryService, world: MemoryWorld
) -> None:
    with pytest.raises(Refusal, match="message_parked"):
        await kiln.ask(Fire(kiln="a", pot="2"))
    assert await kiln.ask(Fire(kiln="b", pot="1")) == Fired(("1",))
    with pytest.raises(Refusal, match="message_parked"):
        await kiln.ask(Fire(kiln="a", pot="3"))
    first, second = await kiln.parked("a")
    assert (first.attempts, first.behind, second.behind) == (1, False, True)
    assert (
        "StateUnreadable: The state of Kiln 'a' of tenant 'main' cannot be read: Expected `float`, got `null` - at `$.celsius`"
        in first.error
    )
    assert world.database.service("kiln-ms").states["Kiln", "main", "a"] == UNREADABLE


async def test_a_state_is_shown_with_why_it_cannot_be_read(kiln: MemoryService, world: MemoryWorld) -> None:
    answer = await order(kiln, world, ShowState(key="a", actor="Kiln"))
    assert bytes(answer.value) == msgspec.json.encode(
        StateShown(text=UNREADABLE.decode(), problem="Expected `float`, got `null` - at `$.celsius`")
    )
    await kiln.ask(Fire(kiln="b", pot="1"))
    assert b'"problem":""' in bytes((await order(kiln, world, ShowState(key="b", actor="Kiln"))).value)


async def test_after_it_was_replaced_what_was_parked_goes_on_in_order(
    kiln: MemoryService, world: MemoryWorld, logs: list[Any]
) -> None:
    for pot in "23":
        with pytest.raises(Refusal, match="message_parked"):
            await kiln.ask(Fire(kiln="a", pot=pot))
    answer = await order(kiln, world, ReplaceState(key="a", actor="Kiln", text='{"pots":["1"]}'))
    assert answer.refusal is None
    [told] = [log for log in logs if log["event"] == "state_replaced"]
    assert (told["principal"], told["source"], told["actor"], told["key"]) == ("olga", "console", "Kiln", "a")
    await order(kiln, world, ReleaseKey(key="a"))
    assert await kiln.ask(Fire(kiln="a", pot="4")) == Fired(("1", "2", "3", "4"))


async def test_an_actor_whose_state_was_dropped_begins_anew(kiln: MemoryService, world: MemoryWorld, logs: list[Any]) -> None:
    await kiln.ask(Fire(kiln="b", pot="1"))
    for key in "ab":
        assert (await order(kiln, world, DropState(key=key, actor="Kiln"))).refusal is None
        assert await kiln.ask(Fire(kiln=key, pot="2")) == Fired(("2",))
    assert [log["key"] for log in logs if log["event"] == "state_dropped"] == ["a", "b"]


async def test_a_state_that_is_alive_is_replaced_too(kiln: MemoryService, world: MemoryWorld) -> None:
    await kiln.ask(Fire(kiln="b", pot="1"))
    await order(kiln, world, ReplaceState(key="b", actor="Kiln", text='{"pots":["9"]}'))
    assert await kiln.ask(Fire(kiln="b", pot="2")) == Fired(("9", "2"))
    assert await kiln.state(Kiln, "b") == KilnState(pots=("9", "2"))


async def test_what_was_shown_can_be_changed_and_given_back(kiln: MemoryService, world: MemoryWorld) -> None:
    await kiln.ask(Fire(kiln="b", pot="1"))
    shown = await order(kiln, world, ShowState(key="b", actor="Kiln"))
    text = msgspec.json.decode(shown.value, type=StateShown).text
    answer = await order(kiln, world, ReplaceState(key="b", actor="Kiln", text=text.replace('["1"]', '["7"]')))
    assert answer.refusal is None
    again = await order(kiln, world, ShowState(key="b", actor="Kiln"))
    assert msgspec.json.decode(again.value, type=StateShown).text == text.replace('["1"]', '["7"]')
    assert await kiln.ask(Fire(kiln="b", pot="2")) == Fired(("7", "2"))


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (ReplaceState(key="a", actor="Kiln", text='{"celsius":"hot"}'), "state_invalid", "$.celsius"),
        (ReplaceState(key="a", actor="Kiln", text='{"shelves":-1}'), "state_invalid", "$.shelves"),
        (ReplaceState(key="a", actor="Kiln", text='{"shelfs":1}'), "state_invalid", "$.shelfs"),
        (ReplaceState(key="a", actor="Kiln", text=' {"flue":{"width_mm":1}}'), "state_invalid", "$.flue.width_mm"),
        (ReplaceState(key="a", actor="Kiln", text='{"tools":[{},{"nme":"rake"}]}'), "state_invalid", "$.tools[1].nme"),
        (ReplaceState(key="a", actor="Kiln", text="{"), "state_invalid", "truncated"),
        (ReplaceState(key="a", actor="Oven", text="{}"), "no_actor", "Kiln"),
        (ShowState(key="z", actor="Kiln"), "no_state", "'z'"),
        (DropState(key="z", actor="Kiln"), "no_state", "'z'"),
    ],
)
async def test_what_cannot_be_done_is_refused_with_reasons_and_changes_nothing(
    kiln: MemoryService, world: MemoryWorld, command: Command[Any], code: str, said: str
) -> None:
    answer = await order(kiln, world, command)
    assert answer.refusal is not None
    assert answer.refusal.code == code
    assert said in str(answer.refusal)
    assert world.database.service("kiln-ms").states["Kiln", "main", "a"] == UNREADABLE
    assert await kiln.parked("a") == []


async def test_an_order_that_breaks_is_answered_and_stops_nobody(
    kiln: MemoryService, world: MemoryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nexus_actors.runtime.orders.StateRow", None)
    answer = await order(kiln, world, ReplaceState(key="a", actor="Kiln", text="{}"))
    assert answer.refusal is not None
    assert answer.refusal.code == "order_failed"
    assert await kiln.ask(Fire(kiln="b", pot="1")) == Fired(("1",))


class Stoker(Actor[None]):
    """Keeps no state."""

    @handles
    def fire(self, message: Fire, ctx: Context) -> Fired:
        return Fired((message.pot,))


async def test_a_service_without_states_says_so() -> None:
    stokers = Service(KILN_ENTRY, topic=KILNS, actors=[Stoker])
    world = MemoryWorld()
    async with open_memory_service(stokers, world=world) as opened:
        answer = await order(opened, world, ShowState(key="a", actor="Stoker"))
    assert answer.refusal is not None
    assert answer.refusal.detail == "kiln-ms has no actor 'Stoker' with a state. None has: they keep to tables."
