from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from modules.puabo_nexus.fleet.contract import VehicleRetired
from modules.puabo_nexus.location.contract import ChangeGeofence, Circle, DeleteGeofence, GeofenceEntered, GeofenceExited
from modules.puabo_nexus.tracker.contract import PositionsRecorded
from nexus_actors.testing import TestPlatform, open_platform
from tests.modules.puabo_nexus.location.journey import LOCATION, START, client, draw, fix, report, square

pytestmark = pytest.mark.anyio

DEPOT = square(15.0, 45.0, 15.01, 45.01)
VAN = uuid4()


async def occupants(platform: TestPlatform, geofence_id: UUID) -> list[str]:
    answer = await client(platform).get(f"/v1/geofences/{geofence_id}/vehicles")
    assert answer.status == 200
    return [item["vehicle_id"] for item in answer.json()["items"]]


async def test_a_drive_through_a_fence_is_told_recorded_and_shown(platform: TestPlatform) -> None:
    depot = await draw(platform, DEPOT)
    await report(platform, VAN, fix(0, 45.005, 14.99), fix(30, 45.005, 15.005))
    (entered,) = platform.events(GeofenceEntered)
    assert entered == GeofenceEntered(
        vehicle_id=VAN,
        geofence_id=depot.geofence_id,
        geofence_version=1,
        name="depot",
        crossed_at=START + timedelta(seconds=20),
        lat=entered.lat,
        lon=entered.lon,
        fix_at=START + timedelta(seconds=30),
    )
    assert (entered.lat, entered.lon) == pytest.approx((45.005, 15.0))
    assert await occupants(platform, depot.geofence_id) == [str(VAN)]

    await report(platform, VAN, fix(60, 45.005, 15.02))
    (exited,) = platform.events(GeofenceExited)
    assert (exited.crossed_at, exited.cause) == (START + timedelta(seconds=40), "crossed")
    assert await occupants(platform, depot.geofence_id) == []

    history = (await client(platform).get(f"/v1/crossings?vehicle_id={VAN}")).json()["items"]
    assert [(c["direction"], c["crossed_at"], c["geofence_version"]) for c in history] == [
        ("entered", "2026-03-01T08:00:20Z", 1),
        ("exited", "2026-03-01T08:00:40Z", 1),
    ]


async def test_late_fixes_change_nothing(platform: TestPlatform) -> None:
    await draw(platform, DEPOT)
    await report(platform, VAN, fix(100, 45.02, 15.0))
    await report(platform, VAN, fix(50, 45.005, 15.005), fix(100, 45.005, 15.005))
    assert platform.events(GeofenceEntered) == []
    position = (await client(platform).get(f"/v1/vehicles/{VAN}/position")).json()
    assert (position["lat"], position["fix_at"]) == (45.02, "2026-03-01T08:01:40Z")


async def test_a_fence_that_moves_away_is_left_with_the_next_fix(platform: TestPlatform) -> None:
    depot = await draw(platform, DEPOT)
    await report(platform, VAN, fix(0, 45.005, 15.005))
    away = square(15.1, 45.0, 15.2, 45.01)
    await platform.ask(ChangeGeofence(geofence_id=depot.geofence_id, name="yard", shape=away))
    assert await occupants(platform, depot.geofence_id) == [str(VAN)], "judged when it reports, and only then"
    await report(platform, VAN, fix(60, 45.005, 15.006))
    (exited,) = platform.events(GeofenceExited)
    assert (exited.cause, exited.geofence_version, exited.name) == ("fence_changed", 2, "yard")
    assert exited.crossed_at == START + timedelta(seconds=60)
    assert await occupants(platform, depot.geofence_id) == []


async def test_a_change_that_keeps_a_vehicle_inside_is_not_told_but_shown(platform: TestPlatform) -> None:
    depot = await draw(platform, DEPOT)
    await report(platform, VAN, fix(0, 45.005, 15.005))
    wider = square(14.9, 44.9, 15.1, 45.1)
    await platform.ask(ChangeGeofence(geofence_id=depot.geofence_id, name="depot", shape=wider))
    await report(platform, VAN, fix(60, 45.005, 15.006))
    assert len(platform.events(GeofenceEntered)) == 1
    assert platform.events(GeofenceExited) == []
    (occupant,) = (await client(platform).get(f"/v1/geofences/{depot.geofence_id}/vehicles")).json()["items"]
    assert occupant == {"vehicle_id": str(VAN), "geofence_version": 2, "since": "2026-03-01T08:00:00Z"}


async def test_a_deleted_fence_is_left_with_the_next_fix(platform: TestPlatform) -> None:
    depot = await draw(platform, DEPOT)
    await report(platform, VAN, fix(0, 45.005, 15.005))
    await platform.ask(DeleteGeofence(geofence_id=depot.geofence_id))
    await report(platform, VAN, fix(60, 45.3, 15.0), fix(61, 45.3, 15.0))
    (exited,) = platform.events(GeofenceExited)
    assert (exited.cause, exited.name, exited.geofence_version) == ("fence_deleted", "depot", 1)
    history = (await client(platform).get(f"/v1/crossings?geofence_id={depot.geofence_id}")).json()["items"]
    assert [c["cause"] for c in history] == ["found", "fence_deleted"]


async def test_what_a_vehicle_is_inside_of_outlives_a_restart(database_url: str) -> None:
    async with open_platform([LOCATION], database_url) as platform:
        await draw(platform, DEPOT)
        await report(platform, VAN, fix(0, 45.005, 15.005))
    async with open_platform([LOCATION], database_url) as platform:
        await report(platform, VAN, fix(30, 45.005, 15.02))
        assert platform.events(GeofenceEntered) == []
        (exited,) = platform.events(GeofenceExited)
        assert exited.crossed_at == START + timedelta(seconds=10)


async def test_a_retired_vehicle_leaves_its_fences_and_the_map(platform: TestPlatform) -> None:
    depot = await draw(platform, DEPOT)
    await report(platform, VAN, fix(0, 45.005, 15.005))
    await platform.publish(VehicleRetired(vehicle_id=VAN))
    await platform.settle()
    (exited,) = platform.events(GeofenceExited)
    assert (exited.cause, exited.fix_at) == ("retired", START)
    assert (await client(platform).get(f"/v1/vehicles/{VAN}/position")).status == 404
    assert await occupants(platform, depot.geofence_id) == []
    await report(platform, VAN, fix(60, 45.005, 15.005))
    assert (await client(platform).get(f"/v1/vehicles/{VAN}/position")).status == 404
    assert len(platform.events(GeofenceEntered)) == 1


async def test_a_vehicle_is_watched_for_the_fences_of_its_tenant_only(platform: TestPlatform) -> None:
    await draw(platform, DEPOT, tenant="other")
    await report(platform, VAN, fix(0, 45.005, 15.005), fix(30, 45.005, 15.02))
    assert platform.events(GeofenceEntered) == []


async def test_a_vehicle_of_another_tenant_under_the_same_id_is_another_one(platform: TestPlatform) -> None:
    await draw(platform, DEPOT)
    await report(platform, VAN, fix(0, 45.005, 15.005))
    await report(platform, VAN, fix(60, 46.0, 16.0), tenant="other")
    assert (await client(platform, tenant="other").get(f"/v1/vehicles/{VAN}/position")).json()["lat"] == 46.0
    await platform.publish(VehicleRetired(vehicle_id=VAN), tenant="other")
    await platform.settle()
    assert platform.events(GeofenceExited) == []
    assert (await client(platform).get(f"/v1/vehicles/{VAN}/position")).json()["lat"] == 45.005
    assert (await client(platform, tenant="other").get(f"/v1/vehicles/{VAN}/position")).status == 404


async def test_crossings_of_one_instant_keep_their_order(platform: TestPlatform) -> None:
    outer = await draw(platform, square(15.0, 45.0, 15.02, 45.01), "outer")
    inner = await draw(platform, DEPOT, "inner")
    await report(platform, VAN, fix(0, 45.005, 14.99), fix(30, 45.005, 15.02), fix(60, 45.005, 15.05))
    told = [(event.name, event.crossed_at) for event in platform.events(GeofenceEntered)]
    expected = sorted((str(fence.geofence_id), fence.name) for fence in (outer, inner))
    assert [name for name, _ in told] == [name for _, name in expected]
    history = (await client(platform).get(f"/v1/crossings?vehicle_id={VAN}")).json()["items"]
    assert [(c["name"], c["direction"]) for c in history[:2]] == [(name, "entered") for _, name in expected]
    assert [(c["name"], c["direction"]) for c in history[2:]] == [("inner", "exited"), ("outer", "exited")]


async def test_how_reports_are_cut_into_messages_changes_no_event(platform: TestPlatform) -> None:
    """The same drive told fix by fix, and told at once."""
    drive = [fix(second * 10, 45.005 + (second % 7 - 3) / 500, 14.99 + second / 1000) for second in range(40)]
    one_by_one, at_once = uuid4(), uuid4()
    await draw(platform, DEPOT)
    await draw(platform, Circle(45.004, 15.012, 300.0), "yard")
    await report(platform, at_once, *drive)
    for reported in drive:
        await platform.publish(PositionsRecorded(vehicle_id=one_by_one, fixes=(reported,)))
    await platform.settle()
    told: list[GeofenceEntered | GeofenceExited] = [*platform.events(GeofenceEntered), *platform.events(GeofenceExited)]
    expected = [event for event in told if event.vehicle_id == at_once]
    assert len(expected) > 4
    assert [replace(event, vehicle_id=at_once) for event in told if event.vehicle_id == one_by_one] == expected
