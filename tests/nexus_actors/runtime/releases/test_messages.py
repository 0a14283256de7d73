"""What a newer release has written waits in its key until that release reads it; nothing is dropped, parked or overtaken."""

from datetime import timedelta

import msgspec
import pytest

from bus import DeadlineExceeded, Message, Refusal, new_id
from bus.codec import encode_envelope
from bus.envelope import Envelope, seal
from bus.publisher import Outgoing, Publisher
from nexus_actors.memory import MemoryLeaseStore
from nexus_actors.runtime.assembly import LoopSettings
from nexus_actors.runtime.releases import LIVES_S
from nexus_actors.testing.memory_service import ONCE, MemoryService, MemoryWorld, open_memory_service
from tests.nexus_actors.runtime.releases import new, old

pytestmark = pytest.mark.anyio

WAIT_S = 600


async def put(world: MemoryWorld, message: Message, **attributes: object) -> Envelope:
    """Write as a process of some release does, whoever reads it."""
    sealed = seal(message, message_id=new_id(), source="test", now=world.clock()).replace(tenant="main", **attributes)
    stream = message.topic.stream(message.channel, message.topic.partition_of(sealed.subject))
    await Publisher(world.streams).publish([Outgoing(stream, encode_envelope(sealed))])
    return sealed


def waiting(service: MemoryService) -> dict[str, str]:
    """The keys that wait, and for what."""
    return {
        identity.key: held.first.waits_for for identity, held in service.held().items() if held.first.waits_since is not None
    }


NEWER: tuple[Message, ...] = (
    new.Refit(ship="a"),
    new.Arrived(ship="a", count=10),
    new.Paint(ship="a", colour="blue"),
    new.Flagged(ship="a", colour="blue"),
)


@pytest.mark.parametrize("message", NEWER, ids=["command", "version", "value in a command", "value in an event"])
async def test_what_an_older_release_does_not_know_waits_for_the_newer_one_with_all_that_comes_behind(message: Message) -> None:
    world = MemoryWorld()
    async with open_memory_service(old.service, world=world, settings=ONCE) as service:
        await service.publish(old.Arrived(ship="a", crates=1))
        await put(world, message)
        await service.settle()
        with pytest.raises(DeadlineExceeded):
            await service.ask(old.Unload(ship="a"))
        assert await service.ask(old.Unload(ship="b")) == 1, "another key goes on"
        await service.advance(WAIT_S)
        assert await service.parked("a") == []
        assert list(waiting(service)) == ["a"]
    async with open_memory_service(new.service, world=world, settings=ONCE) as service:
        await service.settle()
        state = await service.state(new.Dock, "a")
        assert state is not None
        assert (state.crates in {1, 11}, state.unloaded) == (True, 1)
        assert state.crates == 11 or state.refits.count == 1 or state.colour == "blue"
        assert await service.parked("a") == []


async def test_what_no_newer_release_comes_for_is_parked_with_its_cause_after_the_wait() -> None:
    world = MemoryWorld()
    settings = LoopSettings(unknown_wait_s=WAIT_S)
    async with open_memory_service(old.service, world=world, settings=settings) as service:
        await put(world, new.Refit(ship="a"))
        await put(world, old.Unload(ship="a"))
        await service.advance(WAIT_S - 10)
        assert await service.parked("a") == []
        await service.advance(30)
        first, behind = await service.parked("a")
        assert ("no contract of this release declares nexus.dock-ms.refit.v1" in first.error, behind.behind) == (True, True)


@pytest.mark.parametrize("known", [True, False], ids=["of the same schema", "without a mark"])
async def test_broken_data_is_parked_at_once(known: bool) -> None:
    world = MemoryWorld()
    async with open_memory_service(old.service, world=world) as service:
        broken = seal(old.Paint(ship="a", colour="red"), message_id=new_id(), source="test", now=world.clock())
        changes = {} if known else {"dataschema": None}
        await put(world, old.Paint(ship="a", colour="red"), data=msgspec.Raw(b'{"ship":"a"}'), **changes)
        await service.settle()
        assert [letter.wire_type for letter in await service.parked("a")] == [broken.type]


async def test_a_command_without_a_mark_that_nobody_knows_is_parked_at_once() -> None:
    world = MemoryWorld()
    async with open_memory_service(old.service, world=world) as service:
        await put(world, new.Refit(ship="a"), dataschema=None)
        await service.settle()
        assert len(await service.parked("a")) == 1


async def test_an_event_that_no_release_of_this_service_handles_is_ignored() -> None:
    world = MemoryWorld()
    async with open_memory_service(old.service, world=world) as service:
        await put(world, new.Sunk(ship="a"))
        assert await service.ask(old.Unload(ship="a")) == 1
        assert service.held() == {}


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "without a mark"])
async def test_an_event_that_a_newer_release_beside_this_one_handles_waits_for_it(marked: bool) -> None:
    world = MemoryWorld()
    changes: dict[str, object] = {} if marked else {"dataschema": None}
    async with open_memory_service(old.service, world=world) as service:
        await put(world, new.Sunk(ship="early"), **changes)
        await service.settle()
        world.clock.advance(1)
        await MemoryLeaseStore(world.database).announce(new.service.name, new.service.events())
        await service.advance(1)
        await put(world, new.Sunk(ship="a"), **changes)
        await service.settle()
        assert waiting(service) == {"a": "a newer release of dock-ms handles nexus.ships-ms.sunk.v1, and this one does not"}
    async with open_memory_service(new.service, world=world) as service:
        state = await service.state(new.Dock, "a")
        assert (state and state.sunk) is True
        assert await service.state(new.Dock, "early") is None, "nobody had asked for it then"


async def test_an_event_that_a_newer_release_has_ceased_to_handle_is_ignored_by_it() -> None:
    world = MemoryWorld()
    async with open_memory_service(new.service, world=world):
        world.clock.advance(1)
    async with open_memory_service(old.service, world=world) as service:
        await put(world, new.Sunk(ship="a"))
        await service.settle()
        assert service.held() == {}


async def test_a_newer_release_that_has_gone_is_not_waited_for_for_ever() -> None:
    world = MemoryWorld()
    async with open_memory_service(old.service, world=world):
        world.clock.advance(1)
    async with open_memory_service(new.service, world=world):
        pass
    world.clock.advance(LIVES_S + 1)
    async with open_memory_service(old.service, world=world) as service:
        await put(world, new.Sunk(ship="a"))
        await service.settle()
        assert service.held() == {}


async def test_an_older_release_that_drains_hands_over_at_once_what_waits() -> None:
    world = MemoryWorld()
    async with open_memory_service(old.service, world=world) as before:
        await put(world, new.Refit(ship="a"))
        await before.settle()
        began_at = world.clock()
    async with open_memory_service(new.service, world=world) as after:
        state = await after.state(new.Dock, "a")
        assert (state and state.refits.count, world.clock() - began_at) == (1, timedelta())


async def test_an_older_version_that_cannot_be_upcast_does_not_wait() -> None:
    world = MemoryWorld()
    async with open_memory_service(new.service, world=world) as service:
        await put(world, old.Arrived(ship="a", crates=1), data=msgspec.Raw(b'{"ship":"a"}'))
        await service.settle()
        assert len(await service.parked("a")) == 1
        with pytest.raises(Refusal, match="message_parked"):
            await service.ask(old.Unload(ship="a"))
