"""A state keeps the fields that an older release does not know, and one that it cannot read waits for the newer release."""

from dataclasses import dataclass
from types import new_class
from typing import Any

import msgspec
import pytest
from msgspec import Struct, field

from bus import ContractError, DeadlineExceeded
from bus.schema import schema_mark
from nexus_actors import Actor
from nexus_actors.runtime.unknown_fields import StateWriter, mark_of, unknown_fields, with_unknown
from nexus_actors.testing.memory_service import MemoryWorld, open_memory_service
from tests.nexus_actors.runtime.releases import new, old

pytestmark = pytest.mark.anyio


async def test_a_turn_of_an_older_release_erases_nothing() -> None:
    world = MemoryWorld()
    async with open_memory_service(new.service, world=world) as service:
        await service.publish(new.Arrived(ship="a", count=1))
        await service.publish(new.Arrived(ship="a", count=2))
        assert await service.ask(new.Refit(ship="a")) == 1
    for _ in range(2):
        async with open_memory_service(old.service, world=world) as service:
            assert await service.ask(old.Unload(ship="a")) > 0
            await service.publish(old.Arrived(ship="a", crates=3))
            await service.publish(old.Flagged(ship="a", colour="red"))
            await service.settle()
    async with open_memory_service(new.service, world=world) as service:
        assert await service.ask(old.Unload(ship="a")) == 3
        state = await service.state(new.Dock, "a")
    assert state is not None
    assert (state.refits.count, state.colour, state.crates) == (1, "red", 9)
    assert [(crate.label, crate.owner) for crate in state.hold] == [
        ("1", "new"),
        ("2", "new"),
        ("3", "nobody"),
        ("3", "nobody"),
    ]


async def test_a_state_that_an_older_release_cannot_read_waits_and_is_whole_afterwards() -> None:
    world = MemoryWorld()
    async with open_memory_service(old.service, world=world) as service:
        await service.ask(old.Unload(ship="a"))
        tables = world.database.service(old.service.name)
        (name,) = tables.states
        tables.states[name] = b'{"$schema":"00000000","crates":"many"}'
    async with open_memory_service(old.service, world=world) as service:
        with pytest.raises(DeadlineExceeded):
            await service.ask(old.Unload(ship="a"))
        assert await service.ask(old.Unload(ship="b")) == 1
        (held,) = service.held().values()
        assert "the state of Dock was written by another schema" in held.first.waits_for
        assert await service.parked("a") == []
        tables.states[name] = b'{"unloaded":5}'
        await service.advance(10)
        assert service.held() == {}
        assert await service.ask(old.Unload(ship="a")) == 7


def test_a_state_that_could_not_hold_what_a_newer_release_adds_is_refused() -> None:
    closed: tuple[Any, ...] = (
        msgspec.defstruct("Closed", [("total", int, 0)], array_like=True),
        msgspec.defstruct("Closed", [("total", int, 0)], forbid_unknown_fields=True),
    )
    for state in closed:
        generic: Any = Actor
        actor: Any = new_class("Closed", (generic[state],))
        with pytest.raises(ContractError, match="hold what a newer release adds"):
            actor.state_type()


class Leg(Struct, tag=True):
    name: str = ""


class Stop(Struct, tag=True):
    name: str = ""


@dataclass
class Place:
    city: str = ""


class Tour(Struct, rename="camel"):
    """Everything that can hold something unknown."""

    first_leg: Leg | Stop | None = None
    by_day: dict[int, Leg] = field(default_factory=dict)
    legs: list[Leg] = field(default_factory=list)
    place: Place = field(default_factory=Place)
    total: int = 0


BODY = msgspec.json.encode(
    {
        "$schema": "0",
        "firstLeg": {"type": "Leg", "name": "a", "new": 1},
        "byDay": {"1": {"type": "Leg", "name": "b", "new": {"deep": [1, 2]}}, "2": {"type": "Leg", "name": "c"}},
        "legs": [{"type": "Leg", "name": "d", "new": 3}, {"type": "Leg", "name": "e"}, {"type": "Leg", "name": "f", "new": 5}],
        "place": {"city": "x", "new": 12345678901234567890123, "$schema": "a field like any other"},
        "total": 7,
        "new": None,
    }
)


def after(change: Any) -> Any:
    """The state as it is saved after a change."""
    tour = msgspec.json.decode(BODY, type=Tour)
    unknown = unknown_fields(tour, BODY)
    assert unknown is not None
    change(tour)
    return msgspec.json.decode(with_unknown(msgspec.json.encode(tour), unknown))


def test_all_that_is_unknown_stays_in_its_place() -> None:
    assert after(lambda tour: None) == {name: value for name, value in msgspec.json.decode(BODY).items() if name != "$schema"}


def test_an_item_is_known_again_wherever_it_stands_and_however_it_has_changed() -> None:
    def news(change: Any) -> list[Any]:
        return [leg.get("new") for leg in after(change)["legs"]]

    assert news(lambda tour: tour.legs.pop(0)) == [None, 5]
    assert news(lambda tour: tour.legs.reverse()) == [5, None, 3]
    assert news(lambda tour: tour.legs.append(Leg("g"))) == [3, None, 5, None]
    assert news(lambda tour: tour.legs.insert(0, Leg("g"))) == [None, 3, None, 5]
    assert news(lambda tour: setattr(tour.legs[2], "name", "z")) == [3, None, 5]
    assert news(lambda tour: tour.legs.clear()) == []


def test_what_has_gone_takes_with_it_what_is_unknown_of_it() -> None:
    assert after(lambda tour: setattr(tour, "first_leg", None))["firstLeg"] is None
    assert after(lambda tour: setattr(tour, "first_leg", Stop("a")))["firstLeg"] == {"type": "Stop", "name": "a"}
    assert list(after(lambda tour: tour.by_day.pop(1))["byDay"]) == ["2"]


class Sparse(Struct, omit_defaults=True):
    total: int = 0


def test_a_field_that_is_left_out_as_its_default_is_not_unknown() -> None:
    body = b'{"total":5}'
    assert unknown_fields(msgspec.json.decode(body, type=Sparse), body) is None


def test_a_state_with_fields_of_several_releases_has_a_mark_that_is_nobodys() -> None:
    own = schema_mark(Sparse)
    writer = StateWriter(own)
    assert mark_of(writer.write(Sparse(), b"{}")) == own
    for body, marked in ((b'{"$schema":"0","total":1,"new":2}', True), (b'{"total":1,"new":2}', False)):
        writer, state = StateWriter(own), msgspec.json.decode(body, type=Sparse)
        writer.has_read(body, state)
        mark = mark_of(writer.write(state, b'{"total":1}'))
        assert mark not in {own, "0"}
        assert (mark is not None) == marked
    assert msgspec.json.decode(writer.write(Sparse(2), b'{"total":2}')) == {"total": 2, "new": 2}
    writer = StateWriter(own)
    writer.has_read(b'{"$schema":"0","total":1}', Sparse(1))
    assert mark_of(writer.write(Sparse(1), b'{"total":1}')) == own


def test_a_state_without_anything_unknown_is_not_looked_into_twice() -> None:
    looked: list[object] = []

    class Counting(dict[str, int]):
        def items(self) -> Any:
            looked.append(self)
            return super().items()

    writer = StateWriter("0")
    writer.has_read(b'{"a":1}', Counting(a=1))
    assert len(looked) == 1
    for _ in range(3):
        writer.write(Counting(a=1), b'{"a":1}')
    assert len(looked) == 1


class Before(Struct):
    total: int = 0
    berth: int = 0


class After(Struct):
    total: int = 0
    quay: int = 0


def saved(kind: type[Struct], body: bytes, **changed: int) -> bytes:
    """The state as a release has read it, changed and saved it."""
    state, writer = msgspec.json.decode(body, type=kind), StateWriter(schema_mark(kind))
    writer.has_read(body, state)
    for name, value in changed.items():
        setattr(state, name, value)
    return writer.write(state, msgspec.json.encode(state))


def test_two_releases_that_each_know_what_the_other_does_not_erase_nothing() -> None:
    first = saved(Before, b"{}", berth=7)
    second = saved(After, first, quay=42)
    third = saved(Before, second, total=1)
    fourth = saved(After, third, total=2)
    found = msgspec.json.decode(fourth)
    assert (found["berth"], found["quay"], found["total"]) == (7, 42, 2)


class Shaped(Struct):
    """A state that makes another shape of what it reads."""

    berth: Sparse | None = None
    names: str | list[str] = ""
    slotted: "Slotted | None" = None

    def __post_init__(self) -> None:
        self.berth = self.berth or Sparse()
        self.names = [self.names] if isinstance(self.names, str) else self.names


@dataclass(slots=True)
class Slotted:
    depth: int = 0


def test_a_value_of_another_shape_than_its_json_has_nothing_unknown() -> None:
    body = b'{"berth":null,"names":"a","slotted":{"depth":1,"new":2}}'
    unknown = unknown_fields(msgspec.json.decode(body, type=Shaped), body)
    assert unknown is not None
    assert set(unknown.inside) == {"slotted"}


def test_many_items_that_all_change_are_matched_in_one_pass() -> None:
    body = msgspec.json.encode([{"total": number, "new": 1} for number in range(20_000)])
    values = msgspec.json.decode(body, type=list[Sparse])
    unknown = unknown_fields(values, body)
    assert unknown is not None
    now = msgspec.json.encode([Sparse(value.total + 30_000) for value in values])
    assert all("new" in item for item in msgspec.json.decode(with_unknown(now, unknown)))
