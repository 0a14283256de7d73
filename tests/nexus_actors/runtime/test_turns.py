"""Turns from end to end: what is committed, answered, refused, repeated, parked."""

import pytest

from bus import Refusal, new_id
from nexus_actors.principal import Principal
from nexus_actors.testing import open_platform
from tests.nexus_actors.runtime.counter import Add, Moved, Noted, Total, counter

pytestmark = pytest.mark.anyio


async def test_a_command_is_answered_and_its_event_published(database_url: str) -> None:
    async with open_platform([counter], database_url) as platform:
        assert await platform.ask(Add(counter="a", by=2)) == Total(2)
        assert await platform.ask(Add(counter="a", by=3)) == Total(5)
        await platform.settle()
        assert [event.total for event in platform.events(Noted)] == [2, 5]


async def test_a_refused_command_changes_nothing(database_url: str) -> None:
    async with open_platform([counter], database_url) as platform:
        await platform.ask(Add(counter="a", by=2))
        with pytest.raises(Refusal, match="negative"):
            await platform.ask(Add(counter="a", by=-1))
        assert await platform.ask(Add(counter="a", by=0)) == Total(2)


async def test_state_outlives_a_restart(database_url: str) -> None:
    async with open_platform([counter], database_url) as platform:
        await platform.ask(Add(counter="a", by=2))
    async with open_platform([counter], database_url) as platform:
        assert await platform.ask(Add(counter="a", by=1)) == Total(3)


async def test_the_same_id_gets_the_first_answer_again(database_url: str) -> None:
    async with open_platform([counter], database_url) as platform:
        caller, first = Principal(subject="x", tenant="main"), new_id()
        once = await platform.worker.asker.ask(Add(counter="a", by=2), principal=caller, message_id=first)
        again = await platform.worker.asker.ask(Add(counter="a", by=2), principal=caller, message_id=first)
        assert (once.value, once.replayed) == (Total(2), False)
        assert (again.value, again.replayed) == (Total(2), True)
        await platform.settle()
        assert len(platform.events(Noted)) == 1


async def test_the_same_id_with_another_fingerprint_is_refused(database_url: str) -> None:
    async with open_platform([counter], database_url) as platform:
        first = new_id()
        await platform.worker.asker.ask(Add(counter="a", by=2), message_id=first, fingerprint="one")
        with pytest.raises(Refusal, match="idempotency_mismatch"):
            await platform.worker.asker.ask(Add(counter="a", by=9), message_id=first, fingerprint="two")
        assert await platform.ask(Add(counter="a", by=0)) == Total(2)


async def test_a_poison_message_is_parked_and_holds_back_its_own_key_alone(database_url: str) -> None:
    environ = {"NEXUS_MAX_ATTEMPTS": "2", "NEXUS_RETRY_BASE_S": "0.01"}
    async with open_platform([counter], database_url, environ=environ) as platform:
        with pytest.raises(Refusal, match="message_parked"):
            await platform.ask(Add(counter="bad", by=666))
        with pytest.raises(Refusal, match="message_parked"):
            await platform.ask(Add(counter="bad", by=1))
        assert await platform.ask(Add(counter="good", by=1)) == Total(1)
    async with open_platform([counter], database_url, environ=environ) as platform:
        with pytest.raises(Refusal, match="message_parked"):
            await platform.ask(Add(counter="bad", by=1))


async def test_an_event_reaches_the_actor_that_it_names(database_url: str) -> None:
    async with open_platform([counter], database_url) as platform:
        event_id = new_id()
        for log in ("x", "y", "z"):
            await platform.publish(Moved(log=log, counter="a"))
        await platform.publish(Moved(log="w", counter="a"), id=event_id)
        await platform.publish(Moved(log="w", counter="a"), id=event_id)
        await platform.settle()
        assert [event.total for event in platform.events(Noted)] == [1, 2, 3, 4]
