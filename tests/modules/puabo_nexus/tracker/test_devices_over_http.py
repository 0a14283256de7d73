"""Devices that report by themselves, with a key of their own."""

import json
from uuid import UUID

import pytest

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


async def test_a_bad_report_is_refused(probe: HttpProbe, device: HttpProbe, vehicle_id: UUID) -> None:
    key = await key_of(probe, vehicle_id)
    for change in ("lat=91", "lat=x", "timestamp=soon", "timestamp=4102444800", "valid=false"):
        name = change.partition("=")[0]
        kept = "&".join(part for part in REPORT.split("&") if not part.startswith(f"{name}="))
        answer = await device.get(f"/osmand?key={key}&{kept}&{change}")
        assert (answer.status, answer.code) == (422, "future_fix" if "4102" in change else "invalid"), change


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


async def test_a_form_that_is_no_text_is_refused(device: HttpProbe) -> None:
    answer = await device.post("/osmand", body=b"key=\xff", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert (answer.status, answer.code) == (400, "malformed")
