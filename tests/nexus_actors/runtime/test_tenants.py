"""Two tenants that use the same ids do not meet."""

from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
from msgspec import Struct

from bus import Command, ContractError, Event, MalformedMessage, Message, Refusal, Topic, new_id
from bus.codec import Contracts, decode_envelope, encode_envelope
from bus.envelope import LONGEST_TENANT, seal
from bus.publisher import Outgoing, Publisher
from nexus_actors import Actor, Context, Service, ServiceEntry, handles
from nexus_actors.identity import PLATFORM, Identity
from nexus_actors.runtime.own_commands import DropState, ReleaseKey, ReplaceState
from nexus_actors.testing import MemoryService, MemoryWorld, open_memory_service

pytestmark = pytest.mark.anyio

POTS = Topic("pot-ms", partitions=2)
ENTRY = ServiceEntry(name="pot-ms", title="Pots", module=None, port=1, package="x", layer="business")
MINUTE_S = 60


class Fill(Command[int], topic=POTS, key="pot"):
    """Add litres to a pot; empty it after a minute."""

    pot: str
    litres: int


class Drain(Command[None], topic=POTS, key="pot"):
    """Empty a pot."""

    pot: str


class Keep(Command[None], topic=POTS, key="pot"):
    """Empty it not after all."""

    pot: str


class Filled(Event, topic=POTS, key="pot"):
    """A pot was filled."""

    pot: str
    litres: int


class Counted(Command[int], topic=POTS, key="pot"):
    """How many litres all tenants together have ever put into pots of that name."""

    pot: str


class Drained(Event, topic=POTS, key="pot"):
    """A pot was emptied."""

    pot: str
    litres: int


class Lend(Command[None], topic=POTS, key="pot"):
    """Say for a tenant that a pot was emptied."""

    pot: str
    tenant: str


class Give(Command[None], topic=POTS, key="pot"):
    """The same, of an actor of the platform."""

    pot: str
    tenant: str


class PotState(Struct):
    litres: int = 0


class Pot(Actor[PotState]):
    """One pot of a tenant."""

    @handles
    def fill(self, message: Fill, ctx: Context) -> int:
        if message.litres < 0:
            raise ValueError("a fault, not a refusal")
        self.state.litres += message.litres
        ctx.schedule(Drain(pot=message.pot), ctx.now + timedelta(seconds=MINUTE_S), "drain")
        ctx.publish(Filled(pot=message.pot, litres=message.litres))
        return self.state.litres

    @handles
    def lend(self, message: Lend, ctx: Context) -> None:
        ctx.publish(Drained(pot=message.pot, litres=1), tenant=message.tenant)

    @handles
    def keep(self, message: Keep, ctx: Context) -> None:
        ctx.unschedule("drain")

    @handles
    def drain(self, message: Drain, ctx: Context) -> None:
        ctx.publish(Drained(pot=message.pot, litres=self.state.litres))
        self.state.litres = 0


class Meter(Actor[PotState], platform=True):
    """All pots of a name, whosever they are."""

    @handles
    def filled(self, message: Filled, ctx: Context) -> None:
        if message.litres > 1_000:
            raise ValueError("a fault, not a refusal")
        self.state.litres += message.litres
        assert ctx.tenant in {"red", "blue"}, "the message is a tenant's all the same"

    @handles
    def counted(self, message: Counted, ctx: Context) -> int:
        return self.state.litres

    @handles
    def give(self, message: Give, ctx: Context) -> None:
        ctx.publish(Drained(pot=message.pot, litres=1), tenant=message.tenant)


service = Service(ENTRY, topic=POTS, actors=[Pot, Meter])


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


@pytest.fixture
async def pots(world: MemoryWorld) -> AsyncIterator[MemoryService]:
    async with open_memory_service(service, world=world) as opened:
        yield opened


async def put(world: MemoryWorld, pots: MemoryService, message: Message, **attributes: object) -> None:
    """Write it as it is, whoever reads it."""
    sealed = seal(message, message_id=new_id(), source="test", now=world.clock()).replace(**attributes)
    stream = POTS.stream("commands", POTS.partition_of(sealed.subject))
    await Publisher(world.streams).publish([Outgoing(stream, encode_envelope(sealed))])
    await pots.settle()


async def test_each_has_a_state_of_its_own(pots: MemoryService) -> None:
    assert await pots.ask(Fill(pot="p", litres=1), tenant="red") == 1
    assert await pots.ask(Fill(pot="p", litres=5), tenant="blue") == 5
    assert await pots.ask(Fill(pot="p", litres=1), tenant="red") == 2
    assert await pots.state(Pot, "p", tenant="red") == PotState(2)
    assert await pots.state(Pot, "p", tenant="blue") == PotState(5)
    assert await pots.state(Pot, "p") is None


async def test_each_keeps_it_through_a_restart(world: MemoryWorld) -> None:
    async with open_memory_service(service, world=world) as first:
        await first.ask(Fill(pot="p", litres=1), tenant="red")
        await first.ask(Fill(pot="p", litres=5), tenant="blue")
    async with open_memory_service(service, world=world) as second:
        assert await second.ask(Fill(pot="p", litres=1), tenant="red") == 2
        assert await second.ask(Fill(pot="p", litres=1), tenant="blue") == 6


async def test_each_has_a_timer_of_its_own(pots: MemoryService) -> None:
    await pots.ask(Fill(pot="p", litres=1), tenant="red")
    await pots.advance(30)
    await pots.ask(Fill(pot="p", litres=5), tenant="blue")
    await pots.advance(31)
    assert pots.events(Drained) == [Drained(pot="p", litres=1)]
    await pots.advance(31)
    assert pots.events(Drained) == [Drained(pot="p", litres=1), Drained(pot="p", litres=5)]


async def test_one_removes_its_own_timer_alone(pots: MemoryService) -> None:
    await pots.ask(Fill(pot="p", litres=1), tenant="red")
    await pots.ask(Fill(pot="p", litres=5), tenant="blue")
    await pots.ask(Keep(pot="p"), tenant="red")
    await pots.advance(MINUTE_S + 1)
    assert pots.events(Drained) == [Drained(pot="p", litres=5)]


async def test_what_fails_for_one_holds_the_other_not_up(pots: MemoryService) -> None:
    with pytest.raises(Refusal, match="message_parked"):
        await pots.ask(Fill(pot="p", litres=-1), tenant="red")
    assert await pots.ask(Fill(pot="p", litres=5), tenant="blue") == 5
    with pytest.raises(Refusal, match="message_parked"):
        await pots.ask(Fill(pot="p", litres=1), tenant="red")
    assert len(await pots.parked("p", tenant="red")) == 2
    assert await pots.parked("p", tenant="blue") == []


async def test_one_is_let_go_on_and_the_other_stays_parked(pots: MemoryService, world: MemoryWorld) -> None:
    for tenant in ("red", "blue"):
        for litres in (-1, 7):
            with pytest.raises(Refusal, match="message_parked"):
                await pots.ask(Fill(pot="p", litres=litres), tenant=tenant)
    (failed, _) = await pots.parked("p", tenant="red")
    await put(world, pots, ReleaseKey(key="p", tenant="red", drop=(failed.message_id,)))
    assert await pots.state(Pot, "p", tenant="red") == PotState(7)
    assert await pots.state(Pot, "p", tenant="blue") is None
    assert len(await pots.parked("p", tenant="blue")) == 2


async def test_an_order_of_an_earlier_release_is_about_the_default_tenant(pots: MemoryService, world: MemoryWorld) -> None:
    for tenant in ("main", "blue"):
        with pytest.raises(Refusal, match="message_parked"):
            await pots.ask(Fill(pot="p", litres=-1), tenant=tenant)
    (failed,) = await pots.parked("p")
    old = msgspec.json.encode({"key": "p", "drop": [str(failed.message_id)]})
    await put(world, pots, ReleaseKey(key="p"), data=msgspec.Raw(old))
    assert await pots.parked("p") == []
    assert len(await pots.parked("p", tenant="blue")) == 1


async def test_orders_about_a_state_are_about_one_tenants(pots: MemoryService, world: MemoryWorld) -> None:
    await pots.ask(Fill(pot="p", litres=1), tenant="red")
    await pots.ask(Fill(pot="p", litres=5), tenant="blue")
    await put(world, pots, ReplaceState(key="p", actor="Pot", tenant="red", text='{"litres": 40}'))
    await put(world, pots, DropState(key="p", actor="Pot", tenant="blue"))
    await put(world, pots, ReplaceState(key="p", actor="Meter", tenant="green", text='{"litres": 9}'))
    assert await pots.ask(Fill(pot="p", litres=1), tenant="red") == 41
    assert await pots.ask(Fill(pot="p", litres=1), tenant="blue") == 1
    assert await pots.ask(Counted(pot="p"), tenant="red") == 11, "one of the platform itself is the same for all"


async def test_an_actor_of_the_platform_is_one_for_all(pots: MemoryService) -> None:
    await pots.ask(Fill(pot="p", litres=1), tenant="red")
    await pots.ask(Fill(pot="p", litres=5), tenant="blue")
    assert await pots.ask(Counted(pot="p"), tenant="red") == 6
    assert await pots.state(Meter, "p", tenant="red") == PotState(6)


async def test_only_an_actor_of_the_platform_speaks_for_a_tenant(pots: MemoryService, world: MemoryWorld) -> None:
    await pots.ask(Lend(pot="p", tenant="red"), tenant="red")
    await pots.ask(Give(pot="p", tenant="blue"), tenant="red")
    with pytest.raises(Refusal, match="message_parked"):
        await pots.ask(Lend(pot="p", tenant="blue"), tenant="red")
    assert "Only an actor of the platform speaks for 'blue'" in (await pots.parked("p", tenant="red"))[0].error
    told = [envelope.tenant for envelope in world.streams.envelopes if envelope.type == Drained.wire_type()]
    assert told == ["red", "blue"]


async def test_what_fails_at_the_platform_waits_there_for_all_and_holds_no_tenants_actor_up(pots: MemoryService) -> None:
    await pots.ask(Fill(pot="p", litres=2_000), tenant="red")
    with pytest.raises(Refusal, match="message_parked"):
        await pots.ask(Counted(pot="p"), tenant="blue")
    assert await pots.ask(Fill(pot="p", litres=1), tenant="red") == 2_001
    assert [row.behind for row in await pots.parked("p", tenant=PLATFORM)] == [False, True, True]


async def test_what_names_no_tenant_is_the_default_tenants(pots: MemoryService, world: MemoryWorld) -> None:
    await put(world, pots, Fill(pot="p", litres=3))
    await put(world, pots, Fill(pot="p", litres=4), tenant="")
    assert await pots.state(Pot, "p", tenant="main") == PotState(7)


@pytest.mark.parametrize(("message", "whose"), [(Counted(pot="p"), PLATFORM), (Fill(pot="p", litres=1), "red")])
async def test_a_version_that_nobody_here_knows_waits_in_the_order_of_its_message(
    pots: MemoryService, world: MemoryWorld, message: Message, whose: str
) -> None:
    await put(world, pots, message, type=message.wire.replace(".v1", ".v9"), tenant="red")
    assert list(pots.held()) == [Identity(whose, "p")]


@pytest.mark.parametrize("tenant", ["x" * (LONGEST_TENANT + 1), "a\0b"])
def test_what_no_database_can_keep_names_no_tenant(world: MemoryWorld, tenant: str) -> None:
    sealed = seal(Drain(pot="p"), message_id=new_id(), source="test", now=world.clock())
    assert decode_envelope(encode_envelope(sealed.replace(tenant=tenant[:LONGEST_TENANT].replace("\0", "")))).tenant
    with pytest.raises(MalformedMessage, match="its tenant"):
        decode_envelope(encode_envelope(sealed.replace(tenant=tenant)))


def test_a_message_is_handled_by_tenants_actors_or_by_the_platforms() -> None:
    class Both(Actor[None], platform=True):
        @handles
        def drained(self, message: Drain, ctx: Context) -> None:
            """It would need two places in the order of what it concerns."""

    class Derived(Both):
        """What derives from one of the platform is one."""

    assert Derived.platform
    assert not Pot.platform
    with pytest.raises(ContractError, match="Drain is handled by an actor of tenants and by one of the platform"):
        Service(ENTRY, topic=POTS, actors=[Pot, Both])


def test_a_message_has_kin_of_another_version() -> None:
    contracts = Contracts([Fill])
    assert contracts.kin("nexus.pot-ms.fill.v1") is contracts.kin("nexus.pot-ms.fill.v7") is Fill
    assert contracts.kin("nexus.pot-ms.fell.v1") is None
