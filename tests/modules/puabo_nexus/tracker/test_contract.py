"""What other services build on: names, keys and scopes on the wire."""

from uuid import UUID

import msgspec
import pytest

from bus import Command, Message
from bus.message import snake_case
from modules.puabo_nexus.tracker import contract
from modules.puabo_nexus.tracker.contract import Fix, PositionsRecorded, RecordPositions
from modules.puabo_nexus.tracker.service import service
from tests.modules.puabo_nexus.tracker.drives import fix

MESSAGES = [
    kind for kind in vars(contract).values() if isinstance(kind, type) and issubclass(kind, Message) and hasattr(kind, "wire")
]
SCOPES = {
    "RecordPositions": "tracker:write",
    "EndTrip": "tracker:write",
    "ErasePositions": "tracker:erase",
    "SetVehicleLimits": "tracker:admin",
}
ID = UUID(int=1)


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_every_message_is_keyed_by_its_vehicle(kind: type[Message]) -> None:
    assert kind.wire_type() == f"nexus.tracker-ms.{snake_case(kind.__name__)}.v1"
    assert kind.key_field == "vehicle_id"
    if issubclass(kind, Command):
        assert kind.scope == SCOPES.get(kind.__name__)
        assert len(service.handlers(kind)) == 1


def test_a_batch_is_one_message_of_many_items() -> None:
    assert PositionsRecorded(vehicle_id=ID, fixes=(fix(0), fix(1))).item_count() == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"lat": 90.1}, {"lat": -91}, {"lon": 180.5}, {"lat": None}, {"lat": True}, {"lat": "45"},
        {"fix_at": "2026-03-02T07:00:00"}, {"speed_mps": -0.1}, {"heading_deg": 360}, {"accuracy_m": -1}, {"altitude_m": 1e6},
    ],
)  # fmt: skip
def test_commands_refuse_impossible_fixes_before_they_travel(wrong: dict[str, object]) -> None:
    one = {"fix_at": "2026-03-02T07:00:00Z", "lat": 45.0, "lon": 13.0}
    assert msgspec.convert({"vehicle_id": str(ID), "fixes": [one]}, RecordPositions).fixes[0].lat == 45.0
    body = msgspec.json.encode({"vehicle_id": ID, "fixes": [{**one, **wrong}]})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=RecordPositions)


@pytest.mark.parametrize("count", [0, 1001])
def test_a_batch_holds_one_to_a_thousand_fixes(count: int) -> None:
    body = msgspec.json.encode({"vehicle_id": ID, "fixes": [fix(0)] * count})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=RecordPositions)


def test_a_fix_travels_without_what_it_does_not_know_and_is_read_with_what_is_new() -> None:
    assert msgspec.json.decode(msgspec.json.encode(fix(0))).keys() == {"fix_at", "lat", "lon"}
    newer = b'{"fix_at": "2026-03-02T07:00:00Z", "lat": 45.27, "lon": 13.71, "satellites": 9}'
    assert msgspec.json.decode(newer, type=Fix) == fix(0)
