"""What other services build on: names, keys and scopes on the wire, and what commands may say."""

from math import inf, nan
from uuid import UUID

import msgspec
import pytest

from bus import Command, Message, Refusal
from bus.message import snake_case
from modules.puabo_nexus.fleet import contract
from modules.puabo_nexus.fleet.contract import (
    ChangeVehicle,
    CountDeliveryVisit,
    DeliveryAssigned,
    Place,
    RegisterVehicle,
    RequestDelivery,
)
from modules.puabo_nexus.fleet.service import service
from nexus_actors.rules import check_of

MESSAGES = [
    kind for kind in vars(contract).values() if isinstance(kind, type) and issubclass(kind, Message) and hasattr(kind, "wire")
]
PLACE = {"name": "Depot", "lat": 45.8, "lon": 15.97}


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_every_message_is_the_fleets_and_keyed_by_its_noun(kind: type[Message]) -> None:
    noun = next(noun for noun in ("vehicle", "driver", "delivery") if noun in snake_case(kind.__name__))

    assert kind.wire_type() == f"nexus.fleet-service.{snake_case(kind.__name__)}.v1"
    assert kind.key_field == f"{noun}_id"
    if issubclass(kind, Command):
        is_timer = kind is CountDeliveryVisit
        assert kind.scope == (None if is_timer else "fleet:erase" if kind.__name__.startswith("Erase") else "fleet:write")
        assert kind.reply_type() is (type(None) if is_timer else getattr(contract, noun.capitalize()))
        assert len(service.handlers(kind)) == 1


def test_a_change_says_on_the_wire_what_it_leaves_alone() -> None:
    change = ChangeVehicle(vehicle_id=UUID(int=1), device_id=None)

    body = msgspec.json.encode(change)

    assert msgspec.json.decode(body) == {"vehicle_id": str(UUID(int=1)), "expected_version": None, "device_id": None}
    assert msgspec.json.decode(body, type=ChangeVehicle) == change


def test_readers_take_events_of_older_and_newer_writers() -> None:
    ids = {name: str(UUID(int=1)) for name in ("delivery_id", "vehicle_id", "driver_id")}
    body = msgspec.json.encode({**ids, "pickup": {**PLACE, "floor": 3}, "dropoff": PLACE, "priority": 1})

    event = msgspec.json.decode(body, type=DeliveryAssigned)

    assert event.pickup == event.dropoff == Place(name="Depot", lat=45.8, lon=15.97, radius_m=100)
    assert event.assigned_at is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"lat": 90.1},
        {"lat": -90.5},
        {"lon": 180.01},
        {"lon": -180.1},
        {"lat": None},
        {"lat": nan},
        {"lon": inf},
        {"lat": True},
        {"radius_m": 9},
        {"radius_m": 5001},
        {"name": ""},
        {"name": "x" * 401},
    ],
)
def test_commands_refuse_impossible_places_before_they_travel(wrong: dict[str, object]) -> None:
    body = msgspec.json.encode({"delivery_id": UUID(int=1), "pickup": {**PLACE, **wrong}, "dropoff": PLACE})

    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=RequestDelivery)


def test_commands_refuse_text_of_any_length_before_they_travel() -> None:
    body = msgspec.json.encode({"vehicle_id": UUID(int=1), "plate": "x" * 100_000})

    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=RegisterVehicle)


def place(lat: float = 0.0, lon: float = 0.0, radius_m: int = 100, name: str = "here") -> Place:
    return Place(name=name, lat=lat, lon=lon, radius_m=radius_m)


def checked(pickup: Place, dropoff: Place) -> RequestDelivery:
    """The request as its handler sees it."""
    check = check_of(RequestDelivery)
    assert check is not None
    return check(RequestDelivery(delivery_id=UUID(int=1), pickup=pickup, dropoff=dropoff))


def refused(pickup: Place, dropoff: Place) -> dict[str, str]:
    with pytest.raises(Refusal) as caught:
        checked(pickup, dropoff)
    assert caught.value.code == "invalid_delivery"
    return {error.field: error.reason for error in caught.value.errors}


def test_places_far_apart_are_taken_with_their_names_in_order() -> None:
    request = checked(place(45.8, 15.97, name="  the \n depot "), place(45.27, 13.72, 250))

    assert request.pickup == place(45.8, 15.97, name="the depot")
    assert request.dropoff == place(45.27, 13.72, 250)


def test_all_that_is_wrong_with_places_is_named_at_once() -> None:
    assert list(refused(place(name="\x07"), place(lat=0.001, name=" "))) == ["$.pickup.name", "$.dropoff.name"]
    assert list(refused(place(), place(lat=1, name="x" * 101))) == ["$.dropoff.name"]
