"""What is promised of a turn, in memory: it takes effect once and whole, in its key's order; a fault stops its key alone."""

import pytest

from bus import DeadlineExceeded, Refusal, new_id
from bus.codec import encode_envelope
from bus.envelope import seal
from bus.publisher import Outgoing, Publisher
from nexus_actors.retry import RetryPolicy
from nexus_actors.runtime.assembly import LoopSettings
from nexus_actors.testing.memory_service import MemoryWorld, open_memory_service
from tests.nexus_actors.runtime.counter import Add, Counter, CounterState, Moved, Noted, Total, counter
from tests.nexus_actors.runtime.switchboard.service import Act, Told, board

pytestmark = pytest.mark.anyio


async def send_together(world: MemoryWorld, *commands: Add) -> None:
    """Put commands into the streams, so that one read finds them all."""
    for command in commands:
        envelope = seal(command, message_id=new_id(), source="test", now=world.clock())
        stream = command.topic.stream("commands", command.topic.partition_of(envelope.subject))
        await Publisher(world.streams).publish([Outgoing(stream, encode_envelope(envelope))])


async def test_a_refusal_leaves_the_state_as_it_was() -> None:
    async with open_memory_service(counter) as service:
        await service.ask(Add(counter="a", by=2))
        with pytest.raises(Refusal, match="negative"):
            await service.ask(Add(counter="a", by=-1))
        assert await service.ask(Add(counter="a", by=0)) == Total(2)
        assert await service.state(Counter, "a") == CounterState(total=2)


async def test_an_id_is_of_one_request_alone() -> None:
    async with open_memory_service(counter) as service:
        first = new_id()
        assert await service.ask(Add(counter="a", by=2), id=first, fingerprint="one") == Total(2)
        with pytest.raises(Refusal, match="idempotency_mismatch"):
            await service.ask(Add(counter="a", by=9), id=first, fingerprint="two")
        assert await service.ask(Add(counter="a", by=2), id=first, fingerprint="one") == Total(2)


async def test_what_comes_to_a_parked_key_waits_behind_also_at_the_next_owner() -> None:
    world = MemoryWorld()
    async with open_memory_service(counter, world=world) as service:
        for number in (666, 1):
            with pytest.raises(Refusal, match="message_parked"):
                await service.ask(Add(counter="bad", by=number))
        assert await service.ask(Add(counter="good", by=1)) == Total(1)
    async with open_memory_service(counter, world=world) as service:
        with pytest.raises(Refusal, match="message_parked"):
            await service.ask(Add(counter="bad", by=2))
        assert [letter.behind for letter in await service.parked("bad")] == [False, True, True]
        assert [event.counter for event in service.events(Noted)] == ["good"]


async def test_what_comes_to_a_key_that_waits_for_its_next_attempt_waits_too() -> None:
    settings = LoopSettings(retry=RetryPolicy(max_attempts=2, base_s=10, jitter=0))
    async with open_memory_service(counter, settings=settings) as service:
        for number in (666, 1):
            with pytest.raises(DeadlineExceeded, match="advance the time"):
                await service.ask(Add(counter="bad", by=number))
        assert await service.ask(Add(counter="good", by=1)) == Total(1)
        await service.advance(11)
        assert [letter.behind for letter in await service.parked("bad")] == [False, True]
        assert [event.counter for event in service.events(Noted)] == ["good"]


async def test_hundreds_of_due_timers_of_one_key_do_not_keep_another_keys_timer_waiting() -> None:
    async with open_memory_service(board) as service:
        await service.ask(Act(line="a", steps=tuple(f"set {n} 10" for n in range(300)), number=1))
        await service.ask(Act(line="b", steps=("set late 10.5",), number=2))
        service.clock.advance(11)
        await service.settle()
        rung = [told.number for told in service.events(Told)]
        assert (rung.count(1), rung.index(2)) == (300, 1)


async def test_a_timer_rings_once_and_leaves_no_row_behind() -> None:
    world = MemoryWorld()
    for _ in range(2):
        async with open_memory_service(board, world=world) as service:
            if not service.events(Told):
                await service.ask(Act(line="a", steps=("set t 5",), number=5))
            await service.advance(10)
            assert service.events(Told) == [Told(line="a", number=5)]
            assert service.database.service("board-ms").timers == {}


async def test_an_owner_reads_what_came_in_the_place_of_a_lost_tail() -> None:
    world = MemoryWorld()
    async with open_memory_service(counter, world=world) as service:
        for _ in range(3):
            await service.publish(Moved(log="x", counter="a"))
        await service.settle()
        assert await service.state(Counter, "a") == CounterState(moved=3)
    world.streams.restart(lost_entries=2)
    async with open_memory_service(counter, world=world) as service:
        await service.publish(Moved(log="x", counter="a"))
        await service.settle()
        assert await service.state(Counter, "a") == CounterState(moved=4)


async def test_a_fault_in_a_batch_is_blamed_on_its_own_message() -> None:
    world = MemoryWorld()
    async with open_memory_service(counter, world=world) as service:
        await send_together(world, *(Add(counter=key, by=by) for by in (1, 2) for key in ("a", "b")))
        await send_together(world, *(Add(counter=key, by=by) for key, by in (("a", 666), ("b", 4), ("a", 8))))
        await service.settle()
        assert await service.state(Counter, "a") == CounterState(total=3)
        assert await service.state(Counter, "b") == CounterState(total=7)
        assert [(letter.behind, bool(letter.error)) for letter in await service.parked("a")] == [(False, True), (True, False)]
        assert await service.parked("b") == []
