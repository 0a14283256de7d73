"""Devices that report by themselves, with a key of their own."""

import json
from uuid import UUID

import pytest
from msgspec import to_builtins

from bus import new_id
from modules.puabo_nexus.fleet.contract import VehicleChanged, VehicleRegistered, VehicleRetired
from modules.puabo_nexus.tracker.contract import PositionsRecorded
from nexus_actors.testing import HttpAnswer, HttpProbe, TestPlatform

pytestmark = pytest.mark.anyio

REPORT = "id=358735071&lat=45.27&lon=13.71&timestamp=1772434800&speed=10"


async def issue(probe: HttpProbe, vehicle_id: UUID, **options: object) -> HttpAnswer:
    return await probe.send("POST", f"/v1/vehicles/{vehicle_id}/device-key", **options)  # type: ignore[arg-type]


async def key_of(probe: HttpProbe, vehicle_id: UUID) -> str:
    answer = await issue(probe, vehicle_id)
    assert answer.status == 201, answer.body
    assert answer.json()["device_id"] == "358735071"
    return str(answer.json()["key"])


@pytest.fixture
def device(platform: TestPlatform) -> HttpProbe:
    """A client without a token."""
    return platform.bearer("tracker-ms", None)


async def test_a_device_reports_by_query_form_and_json(
    platform: TestPlatform, probe: HttpProbe, device: HttpProbe, vehicle_id: UUID, tenant: str
) -> None:
    key = await key_of(probe, vehicle_id)
    by_get = await device.get(f"/osmand?key={key}&{REPORT}")
    by_query = await device.post(f"/osmand?key={key}&{REPORT.replace('1772434800', '1772434810')}")
    by_form = await device.post(
        "/osmand",
        body=f"key={key}&{REPORT.replace('1772434800', '1772434820')}".encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    document = {
        "location": {"timestamp": "2026-03-02T07:00:30.000Z", "coords": {"latitude": 45.27, "longitude": 13.71, "speed": 2}},
        "device_id": "358735071",
    }
    by_json = await device.post(f"/osmand?key={key}", document)
    for answer in (by_get, by_query, by_form, by_json):
        assert (answer.status, answer.json()["accepted"]) == (200, 1), answer.body
    again = await device.get(f"/osmand?key={key}&{REPORT}")
    assert again.json()["duplicate"] == 1

    await platform.settle()
    fixes = [event.fixes[0] for event in platform.events(PositionsRecorded, tenant=tenant)]
    assert [item.speed_mps for item in fixes] == pytest.approx([5.144444] * 3 + [2.0], rel=1e-6)


async def test_a_device_acts_for_the_tenant_of_its_vehicle(
    platform: TestPlatform, probe: HttpProbe, device: HttpProbe, vehicle_id: UUID, tenant: str
) -> None:
    key = await key_of(probe, vehicle_id)
    assert (await device.get(f"/osmand?key={key}&{REPORT}")).status == 200
    assert (await probe.get(f"/v1/vehicles/{vehicle_id}/last")).status == 200
    await platform.settle()
    wire_type, seen = PositionsRecorded.wire_type(), [followed.envelope for followed in platform.seen]
    [envelope] = [envelope for envelope in seen if (envelope.type, envelope.subject) == (wire_type, str(vehicle_id))]
    assert (envelope.tenant, envelope.principal) == (tenant, "device:358735071")


async def test_without_the_right_key_nothing_is_looked_at(
    platform: TestPlatform, probe: HttpProbe, device: HttpProbe, vehicle_id: UUID, tenant: str
) -> None:
    key = await key_of(probe, vehicle_id)
    other_device = REPORT.replace("358735071", "1")
    for parameters in (REPORT, f"key=&{REPORT}", f"key=guess&{REPORT}", "key=guess", f"key={key}&{other_device}"):
        for method in ("GET", "POST"):
            answer = await device.send(method, f"/osmand?{parameters}")
            assert (answer.status, answer.code) == (401, "device_key_invalid"), parameters
            assert key not in answer.body.decode()
    await platform.settle()
    assert platform.events(PositionsRecorded, tenant=tenant) == []


REFUSABLE = [
    ("lat=91", "unreadable_place", False),
    ("lat=x", "unreadable_place", False),
    ("timestamp=soon", "unreadable_time", True),
    ("timestamp=1772438462", "in_future", True),
    ("timestamp=1153119600", "week_rollover", True),
    ("timestamp=0", "too_old", True),
    ("valid=false", "marked_invalid", True),
    ("location=0,0", "null_island", True),
]


@pytest.mark.parametrize(("change", "reason", "kept"), REFUSABLE)
async def test_what_cannot_be_right_holds_up_no_phone(
    probe: HttpProbe, device: HttpProbe, vehicle_id: UUID, change: str, reason: str, kept: bool
) -> None:
    """Phones send a report again until it is taken, and keep all others behind it. One of them runs 62 seconds ahead."""
    key = await key_of(probe, vehicle_id)
    name = change.partition("=")[0]
    others = "&".join(part for part in REPORT.split("&") if not part.startswith(f"{name}="))
    answer = await device.get(f"/osmand?key={key}&{others}&{change}&batt=64")
    assert answer.status == 200, answer.body
    assert [item["reasons"] for item in answer.json()["rejected"]] == [[reason]]
    aside = (await probe.get(f"/v1/quarantine?vehicle_id={vehicle_id}")).json()["items"]
    assert [item["reasons"] for item in aside] == ([[reason]] if kept else [])
    assert (await probe.get(f"/v1/vehicles/{vehicle_id}/positions")).json()["items"] == []
    assert (await probe.get(f"/v1/vehicles/{vehicle_id}/device")).json() == {
        "vehicle_id": str(vehicle_id),
        "device_id": "358735071",
        "heard_at": "2026-03-02T08:00:00Z",
        "reasons": [reason],
        "battery_pct": 64.0,
    }


async def test_a_sign_of_life_without_a_place_is_noted(probe: HttpProbe, device: HttpProbe, vehicle_id: UUID) -> None:
    key = await key_of(probe, vehicle_id)
    path = f"/v1/vehicles/{vehicle_id}/device"
    silent = (await probe.get(path)).json()
    assert (silent["heard_at"], silent["device_id"]) == (None, "358735071")
    for body in (
        {"device_id": "358735071"},
        {"device_id": "358735071", "location": None},
        {
            "device_id": "358735071",
            "location": {"timestamp": "", "coords": None, "battery": {"level": 0.5, "is_charging": True}},
        },
    ):
        answer = await device.post(f"/osmand?key={key}", body)
        assert (answer.status, answer.json()) == (200, {"accepted": 0, "duplicate": 0, "late": 0, "rejected": []}), body
    shown = (await probe.get(path)).json()
    assert (shown["heard_at"], shown.get("reasons", [])) == ("2026-03-02T08:00:00Z", [])
    assert (shown["battery_pct"], shown["charging"]) == (50.0, True)


async def test_battery_and_ignition_are_shown_with_the_position(
    platform: TestPlatform, probe: HttpProbe, device: HttpProbe, vehicle_id: UUID, tenant: str
) -> None:
    key = await key_of(probe, vehicle_id)
    assert (await device.get(f"/osmand?key={key}&{REPORT}&batt=64.5&charge=true&ignition=false")).json()["accepted"] == 1
    said = {"battery_pct": 64.5, "charging": True, "ignition": False}
    [listed] = (await probe.get(f"/v1/vehicles/{vehicle_id}/positions")).json()["items"]
    last = (await probe.get(f"/v1/vehicles/{vehicle_id}/last")).json()["fix"]
    of_device = (await probe.get(f"/v1/vehicles/{vehicle_id}/device")).json()
    await platform.settle()
    [event] = platform.events(PositionsRecorded, tenant=tenant)
    for shown in (listed, last, of_device, to_builtins(event.fixes[0])):
        assert {name: shown[name] for name in said} == said
    assert of_device.get("reasons", []) == []


async def test_who_names_no_device_is_told(probe: HttpProbe, device: HttpProbe, vehicle_id: UUID) -> None:
    key = await key_of(probe, vehicle_id)
    answer = await device.get(f"/osmand?key={key}&lat=45&lon=13")
    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, "query.id")


async def test_a_new_key_takes_the_place_of_the_old(probe: HttpProbe, device: HttpProbe, vehicle_id: UUID) -> None:
    old, new = await key_of(probe, vehicle_id), await key_of(probe, vehicle_id)
    assert old != new
    assert (await device.get(f"/osmand?key={old}&{REPORT}")).status == 401
    assert (await device.get(f"/osmand?key={new}&{REPORT}")).status == 200


async def test_a_key_is_shown_once(platform: TestPlatform, probe: HttpProbe, vehicle_id: UUID) -> None:
    headers = {"Idempotency-Key": "first"}
    shown = await issue(probe, vehicle_id, headers=headers)
    again = await issue(probe, vehicle_id, headers=headers)
    assert shown.status == 201
    assert (again.status, again.code) == (409, "device_key_shown")
    assert all(shown.json()["key"].encode() not in bytes(followed.envelope.data) for followed in platform.seen)


@pytest.mark.parametrize("event", ["another device", "retired"])
async def test_a_key_goes_with_its_device(
    platform: TestPlatform, probe: HttpProbe, device: HttpProbe, vehicle_id: UUID, tenant: str, event: str
) -> None:
    key = await key_of(probe, vehicle_id)
    if event == "retired":
        await platform.publish(VehicleRetired(vehicle_id=vehicle_id), tenant=tenant)
    else:
        await platform.publish(VehicleChanged(vehicle_id=vehicle_id, plate="A", device_id="2"), tenant=tenant)
    await platform.settle()
    for device_id in ("358735071", "2"):
        answer = await device.get(f"/osmand?key={key}&{REPORT.replace('358735071', device_id)}")
        assert answer.status == 401


async def test_a_change_of_plate_leaves_the_key(
    platform: TestPlatform, probe: HttpProbe, device: HttpProbe, vehicle_id: UUID, tenant: str
) -> None:
    key = await key_of(probe, vehicle_id)
    await platform.publish(VehicleChanged(vehicle_id=vehicle_id, plate="ZG 2", device_id="358735071"), tenant=tenant)
    await platform.settle()
    assert (await device.get(f"/osmand?key={key}&{REPORT}")).status == 200


async def test_a_vehicle_without_device_gets_no_key(platform: TestPlatform, probe: HttpProbe, tenant: str) -> None:
    vehicle_id = new_id()
    await platform.publish(VehicleRegistered(vehicle_id=vehicle_id, plate="A", device_id=None), tenant=tenant)
    await platform.settle()
    assert (await issue(probe, vehicle_id)).code == "no_device"
    assert (await issue(probe, new_id())).code == "vehicle_unknown"


async def test_json_that_is_no_report_is_refused(probe: HttpProbe, device: HttpProbe, vehicle_id: UUID) -> None:
    key = await key_of(probe, vehicle_id)
    answer = await device.post(f"/osmand?key={key}", body=json.dumps([]).encode(), headers={"Content-Type": "application/json"})
    assert (answer.status, answer.code) == (422, "invalid")


async def test_a_form_in_another_encoding_is_read_as_far_as_it_can_be(
    probe: HttpProbe, device: HttpProbe, vehicle_id: UUID
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await device.post("/osmand", body=b"key=\xff", headers=headers)
    assert (answer.status, answer.code) == (401, "device_key_invalid")
    body = f"key={await key_of(probe, vehicle_id)}&{REPORT}&driver=".encode() + b"Mi\xf0a"
    assert (await device.post("/osmand", body=body, headers=headers)).json()["accepted"] == 1


@pytest.mark.parametrize(
    ("query", "status"), [("x=" + "a" * 9_000, 400), ("&".join(f"p{n}=1" for n in range(201)), 400), ("lat=1&lat=2", 422)]
)
async def test_a_query_beyond_all_bounds_is_refused_unread(device: HttpProbe, query: str, status: int) -> None:
    assert (await device.get(f"/osmand?{query}")).status == status
