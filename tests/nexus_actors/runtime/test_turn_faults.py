"""A turn that fails, wherever in it, is the fault of its message alone."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import pytest
import structlog

from bus import Command, Event, Refusal, new_id
from bus.codec import encode_envelope
from bus.envelope import seal
from bus.publisher import Outgoing, Publisher
from nexus_actors.context import Context, TimerSet
from nexus_actors.retry import RetryPolicy
from nexus_actors.runtime.assembly import LoopSettings
from nexus_actors.runtime.own_commands import ReleaseKey
from nexus_actors.testing import MemoryService, MemoryWorld, open_memory_service
from tests.nexus_actors.runtime.kiln import KILNS, Carried, Fire, Fired, Glaze, Heat, Kiln, KilnState, Stack, kept, kilns
from tests.poison import ENDS_ITS_TASK, RAISED, VALUES, WAYS

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Without it, what is logged is rendered with all that stands in local variables."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


@pytest.fixture
async def kiln(world: MemoryWorld) -> AsyncIterator[MemoryService]:
    async with open_memory_service(kilns, world=world) as opened:
        yield opened


async def put(world: MemoryWorld, *messages: Command[Any] | Event) -> None:
    """Let messages come in one batch."""
    bodies = []
    for message in messages:
        envelope = seal(message, message_id=new_id(), source="test", now=world.clock())
        stream = message.topic.stream(message.channel, message.topic.partition_of(envelope.subject))
        bodies.append(Outgoing(stream, encode_envelope(envelope)))
    await Publisher(world.streams).publish(bodies)


async def dropped(kiln: MemoryService, world: MemoryWorld, key: str) -> None:
    """Drop the first dead letter of a key, and let it go on."""
    first = (await kiln.parked(key))[0]
    command = ReleaseKey(key=key, drop=(first.message_id,))
    envelope = seal(command, message_id=new_id(), source="test", now=world.clock())
    await Publisher(world.streams).publish([Outgoing(KILNS.stream("commands", 0), encode_envelope(envelope))])
    await kiln.settle()


SPOILT = [
    *(("state", way) for way in WAYS),
    *(("answer", way) for way in VALUES),
    *(("refusal", way) for way in VALUES if way != "a lone surrogate"),  # which is made storable in the detail of a refusal
]


@pytest.mark.parametrize(("spoil", "way"), SPOILT)
async def test_a_turn_that_fails_anywhere_is_parked_and_its_batch_goes_on(world: MemoryWorld, spoil: str, way: str) -> None:
    others = [Fire(kiln=name, pot="p") for name in "bcd"]
    poisoned = Fire(kiln="a", pot="poisoned", spoil=spoil, way=way)
    async with open_memory_service(kilns, world=world) as kiln:
        await put(world, others[0], Fire(kiln="a", pot="1"), poisoned, others[1], Fire(kiln="a", pot="2"), others[2])
        await kiln.settle()
        assert [(row.behind, row.attempts) for row in await kiln.parked("a")] == [(False, 1), (True, 0)]
        for name in "bcd":
            assert await kiln.state(Kiln, name) == KilnState(pots=("p",))
        assert await kiln.state(Kiln, "a") == KilnState(pots=("1",))
        await dropped(kiln, world, "a")
        assert await kiln.ask(Fire(kiln="a", pot="3")) == Fired(("1", "2", "3"))
    async with open_memory_service(kilns, world=world) as kiln:
        assert await kiln.ask(Fire(kiln="a", pot="4")) == Fired(("1", "2", "3", "4"))


@pytest.mark.parametrize("way", RAISED)
async def test_the_cause_of_a_parked_turn_says_what_was_raised(kiln: MemoryService, world: MemoryWorld, way: str) -> None:
    await put(world, Fire(kiln="a", pot="p", spoil="state", way=way))
    await kiln.settle()
    assert type(RAISED[way]()).__name__ in (await kiln.parked("a"))[0].error


async def test_a_handler_that_cancels_its_task_is_parked_and_stops_no_other(kiln: MemoryService, world: MemoryWorld) -> None:
    await put(world, Fire(kiln="a", pot="p", spoil="state", way=ENDS_ITS_TASK), Fire(kiln="b", pot="p"))
    await kiln.settle()
    assert "cancelled the task" in (await kiln.parked("a"))[0].error
    assert await kiln.state(Kiln, "b") == KilnState(pots=("p",))


async def test_a_failing_turn_is_tried_again_before_it_is_parked(world: MemoryWorld) -> None:
    settings = LoopSettings(retry=RetryPolicy(max_attempts=3, base_s=1.0))
    async with open_memory_service(kilns, world=world, settings=settings) as kiln:
        await put(world, Fire(kiln="a", pot="p", spoil="answer", way="no JSON"))
        await kiln.settle()
        assert await kiln.parked("a") == []
        await kiln.advance(60)
        assert [row.attempts for row in await kiln.parked("a")] == [3]


@pytest.mark.parametrize("way", VALUES)
async def test_the_answer_of_a_list_spoils_only_its_own_message(kiln: MemoryService, world: MemoryWorld, way: str) -> None:
    await put(world, Stack(kiln="a"), Stack(kiln="a", answer=way), Stack(kiln="a"))
    await kiln.settle()
    assert [row.behind for row in await kiln.parked("a")] == [False, True]
    assert await kiln.state(Kiln, "a") == KilnState(shelves=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [("celsius", "nan"), ("celsius", "-inf"), ("perhaps", "nan"), ("anything", "inf"), ("shelves", "-1"), ("answer", "nan")],
)
async def test_a_value_that_would_not_read_the_same_again_is_refused_when_it_is_saved(
    kiln: MemoryService, field: str, value: str
) -> None:
    await kiln.ask(Heat(kiln="a", field=field if field != "answer" else "celsius", celsius="1"))
    before = await kiln.state(Kiln, "a")
    with pytest.raises(Refusal, match="message_parked"):
        await kiln.ask(Heat(kiln="a", field=field, celsius=value))
    assert "cannot be written" in (await kiln.parked("a"))[0].error
    assert await kiln.state(Kiln, "a") == before


@pytest.mark.parametrize(("field", "value"), [("perhaps", "1e300"), ("anything", "-0.0"), ("shelves", "1e30")])
async def test_a_value_that_reads_the_same_again_is_kept(kiln: MemoryService, field: str, value: str) -> None:
    await kiln.ask(Heat(kiln="a", field=field, celsius=value))
    assert getattr(await kiln.state(Kiln, "a"), field) == float(value)


async def test_a_handler_cannot_save_under_another_key(kiln: MemoryService) -> None:
    await kiln.ask(Fire(kiln="a", pot="1", spoil="key"))
    assert await kiln.state(Kiln, "another") is None
    assert await kiln.ask(Fire(kiln="a", pot="2")) == Fired(("1", "2"))


@pytest.mark.parametrize(
    "late",
    [
        lambda ctx: ctx.publish(Carried(cart="x", kiln="a")),
        lambda ctx: ctx.send(Glaze(kiln="b")),
        lambda ctx: ctx.schedule(Glaze(kiln="a"), ctx.now, "late"),
        lambda ctx: ctx.unschedule("late"),
        lambda ctx: ctx.cancel(new_id()),
    ],
)
async def test_what_comes_after_the_end_of_a_turn_is_refused_and_not_lost_without_a_word(
    kiln: MemoryService, late: Callable[[Context], None]
) -> None:
    await kiln.ask(Fire(kiln="a", pot="1", spoil="context"))
    with pytest.raises(RuntimeError, match="This turn has ended"):
        late(kept.pop())


@pytest.mark.parametrize("key", ["", "a\0b", "k" * 600])
async def test_an_event_for_a_key_that_cannot_be_is_parked_and_stops_no_other(
    kiln: MemoryService, world: MemoryWorld, key: str
) -> None:
    await put(world, Carried(cart="x", kiln="a"), Carried(cart="y", kiln=key), Carried(cart="z", kiln="b"))
    await kiln.settle()
    assert [row.behind for row in await kiln.parked("y")] == [False]
    assert await kiln.parked("") == []
    for name in "ab":
        assert await kiln.state(Kiln, name) == KilnState(carried=1)


async def test_a_real_cancellation_is_nobodys_fault(kiln: MemoryService, world: MemoryWorld) -> None:
    await put(world, Fire(kiln="a", pot="p"))
    with anyio.CancelScope() as scope:
        scope.cancel()
        await kiln.settle()
    assert scope.cancelled_caught
    await kiln.settle()
    assert await kiln.parked("a") == []
    assert await kiln.state(Kiln, "a") == KilnState(pots=("p",))


async def test_an_actor_that_cannot_be_made_is_parked_and_its_batch_goes_on(kiln: MemoryService, world: MemoryWorld) -> None:
    await put(world, Fire(kiln="a", pot="p"), Fire(kiln="cracked", pot="p"), Fire(kiln="b", pot="p"))
    await kiln.settle()
    assert "It cannot be used." in (await kiln.parked("cracked"))[0].error
    for name in "ab":
        assert await kiln.state(Kiln, name) == KilnState(pots=("p",))


async def test_a_message_whose_class_ends_the_process_is_parked(kiln: MemoryService, world: MemoryWorld) -> None:
    envelope = seal(Glaze(kiln="b"), message_id=new_id(), source="test", now=world.clock())
    odd = encode_envelope(envelope).replace(b"blue", b"octarine")
    await Publisher(world.streams).publish([Outgoing(KILNS.stream("commands", 0), odd)])
    await put(world, Fire(kiln="c", pot="p"))
    await kiln.settle()
    assert "octarine" in (await kiln.parked("b"))[0].error
    assert await kiln.state(Kiln, "c") == KilnState(pots=("p",))


async def test_a_timer_that_cannot_be_read_is_parked_and_fires_no_more(kiln: MemoryService, world: MemoryWorld) -> None:
    timers = world.database.service("kiln-ms").timers
    timers["main", "a", "Kiln/old"] = 0, TimerSet("main", "a", "Kiln/old", world.clock(), new_id(), b"no envelope")
    await put(world, Glaze(kiln="b"))
    await kiln.settle()
    await kiln.advance(1)
    assert [row.wire_type for row in await kiln.parked("a")] == ["unknown"]
    assert not any(key == "a" for _, key, _ in timers)
    assert await kiln.ask(Fire(kiln="b", pot="p")) == Fired(("p",))


async def test_an_answer_that_was_kept_and_cannot_be_read_stops_nobody(kiln: MemoryService, world: MemoryWorld) -> None:
    message_id = new_id()
    await kiln.ask(Fire(kiln="a", pot="p"), id=message_id)
    inbox = world.database.service("kiln-ms").inbox
    inbox[message_id] = inbox[message_id]._replace(answer=b"[]")
    with pytest.raises(Refusal, match="answer_unreadable"):
        await kiln.ask(Fire(kiln="a", pot="p"), id=message_id)
    assert await kiln.ask(Fire(kiln="a", pot="2")) == Fired(("p", "2"))
