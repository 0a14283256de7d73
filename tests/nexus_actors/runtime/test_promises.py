"""What is promised of a turn, in memory: it takes effect once, whole, in the order of its key, and a fault stops its key alone."""

import pytest

from bus import DeadlineExceeded, Refusal, new_id
from nexus_actors.retry import RetryPolicy
from nexus_actors.runtime.assembly import LoopSettings
from nexus_actors.testing.memory_service import MemoryWorld, open_memory_service
from tests.nexus_actors.runtime.counter import Add, Counter, CounterState, Noted, Total, counter

pytestmark = pytest.mark.anyio


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
