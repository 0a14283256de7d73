"""What other services build on: names, keys and scopes on the wire."""

from uuid import UUID

import msgspec
import pytest

from bus import Command, Message
from bus.message import snake_case
from modules.puabo_nexus.fleet import contract
from modules.puabo_nexus.fleet.contract import ChangeVehicle, DeliveryAssigned, Place, RegisterVehicle, RequestDelivery
from modules.puabo_nexus.fleet.service import service

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
        assert kind.scope == "fleet:write"
        assert kind.reply_type() is getattr(contract, noun.capitalize())
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
    "wrong", [{"lat": 90.1}, {"lon": -180.1}, {"lat": None}, {"lat": True}, {"radius_m": 5001}, {"name": ""}]
)
def test_commands_refuse_impossible_places_before_they_travel(wrong: dict[str, object]) -> None:
    body = msgspec.json.encode({"delivery_id": UUID(int=1), "pickup": {**PLACE, **wrong}, "dropoff": PLACE})

    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=RequestDelivery)


def test_commands_refuse_text_of_any_length_before_they_travel() -> None:
    body = msgspec.json.encode({"vehicle_id": UUID(int=1), "plate": "x" * 100_000})

    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=RegisterVehicle)
