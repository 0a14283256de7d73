from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from bus import new_id
from modules.puabo_nexus.fleet.contract import VehicleRetired
from modules.puabo_nexus.location.contract import (
    ChangeGeofence,
    Circle,
    DeleteGeofence,
    Geofence,
    GeofenceEntered,
    GeofenceExited,
    Shape,
)
from modules.puabo_nexus.location.service import service
from modules.puabo_nexus.location.tables import CROSSINGS, OCCUPANTS, POSITIONS, CrossingRecord, Occupant, Whereabouts
from modules.puabo_nexus.tracker.contract import PositionsErased, PositionsRecorded
from nexus_actors.testing import Desk, open_platform
from tests.modules.puabo_nexus.location.journey import START, Town, fence, fix, report, square

pytestmark = pytest.mark.anyio

DEPOT = square(15.0, 45.0, 15.01, 45.01)
VAN = uuid4()


async def draw(desk: Desk, shape: Shape = DEPOT, name: str = "depot", *, tenant: str = "") -> Geofence:
    return await desk.ask(fence(shape, name), tenant=tenant)


async def occupants(desk: Desk, geofence_id: UUID) -> list[UUID]:
    return [occupant.vehicle_id for occupant in await OCCUPANTS.page(desk, {"geofence_id": geofence_id}, limit=9)]


async def history(desk: Desk, **where: UUID) -> list[CrossingRecord]:
    return list(await CROSSINGS.page(desk, where, limit=50))


async def whereabouts(desk: Desk) -> list[Whereabouts]:
    return list(await POSITIONS.select(desk, "vehicle_id = $2", VAN))


async def test_a_drive_through_a_fence_is_told_recorded_and_shown(desk: Desk) -> None:
    depot = await draw(desk)
    await report(desk, VAN, fix(0, 45.005, 14.99), fix(30, 45.005, 15.005))
    (entered,) = desk.events(GeofenceEntered)
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
    assert await occupants(desk, depot.geofence_id) == [VAN]

    await report(desk, VAN, fix(60, 45.005, 15.02))
    (exited,) = desk.events(GeofenceExited)
    assert (exited.crossed_at, exited.cause) == (START + timedelta(seconds=40), "crossed")
    assert await occupants(desk, depot.geofence_id) == []

    recorded = [(c.direction, c.crossed_at, c.geofence_version) for c in await history(desk, vehicle_id=VAN)]
    assert recorded == [("entered", entered.crossed_at, 1), ("exited", exited.crossed_at, 1)]


async def test_late_fixes_change_nothing(desk: Desk) -> None:
    await draw(desk)
    await report(desk, VAN, fix(100, 45.02, 15.0))
    await report(desk, VAN, fix(50, 45.005, 15.005), fix(100, 45.005, 15.005))
    assert desk.events(GeofenceEntered) == []
    (position,) = await whereabouts(desk)
    assert (position.lat, position.fix_at) == (45.02, START + timedelta(seconds=100))


async def test_a_fence_that_moves_away_is_left_with_the_next_fix(desk: Desk) -> None:
    depot = await draw(desk)
    await report(desk, VAN, fix(0, 45.005, 15.005))
    away = square(15.1, 45.0, 15.2, 45.01)
    await desk.ask(ChangeGeofence(geofence_id=depot.geofence_id, name="yard", shape=away))
    assert await occupants(desk, depot.geofence_id) == [VAN], "judged when it reports, and only then"
    await report(desk, VAN, fix(60, 45.005, 15.006))
    (exited,) = desk.events(GeofenceExited)
    assert (exited.cause, exited.geofence_version, exited.name) == ("fence_changed", 2, "yard")
    assert exited.crossed_at == START + timedelta(seconds=60)
    assert await occupants(desk, depot.geofence_id) == []


async def test_a_change_that_keeps_a_vehicle_inside_is_not_told_but_shown(desk: Desk) -> None:
    depot = await draw(desk)
    await report(desk, VAN, fix(0, 45.005, 15.005))
    wider = square(14.9, 44.9, 15.1, 45.1)
    await desk.ask(ChangeGeofence(geofence_id=depot.geofence_id, name="depot", shape=wider))
    await report(desk, VAN, fix(60, 45.005, 15.006))
    assert len(desk.events(GeofenceEntered)) == 1
    assert desk.events(GeofenceExited) == []
    (occupant,) = await OCCUPANTS.page(desk, {"geofence_id": depot.geofence_id}, limit=9)
    assert occupant == Occupant(vehicle_id=VAN, geofence_version=2, since=START)


async def test_a_deleted_fence_is_left_with_the_next_fix(desk: Desk) -> None:
    depot = await draw(desk)
    await report(desk, VAN, fix(0, 45.005, 15.005))
    await desk.ask(DeleteGeofence(geofence_id=depot.geofence_id))
    await report(desk, VAN, fix(60, 45.3, 15.0), fix(61, 45.3, 15.0))
    (exited,) = desk.events(GeofenceExited)
    assert (exited.cause, exited.name, exited.geofence_version) == ("fence_deleted", "depot", 1)
    assert [c.cause for c in await history(desk, geofence_id=depot.geofence_id)] == ["found", "fence_deleted"]


async def test_what_a_vehicle_is_inside_of_outlives_a_restart(database_url: str) -> None:
    async with open_platform([service], database_url) as platform:
        town = Town(platform)
        await town.draw(DEPOT)
        await town.report(VAN, fix(0, 45.005, 15.005))
        tenant = town.tenant
    async with open_platform([service], database_url) as platform:
        town = Town(platform, tenant)
        await town.report(VAN, fix(30, 45.005, 15.02))
        assert town.events(GeofenceEntered) == []
        (exited,) = town.events(GeofenceExited)
        assert exited.crossed_at == START + timedelta(seconds=10)


async def test_a_retired_vehicle_leaves_its_fences_and_the_map(desk: Desk) -> None:
    depot = await draw(desk)
    await report(desk, VAN, fix(0, 45.005, 15.005))
    await desk.publish(VehicleRetired(vehicle_id=VAN))
    (exited,) = desk.events(GeofenceExited)
    assert (exited.cause, exited.fix_at) == ("retired", START)
    assert await whereabouts(desk) == []
    assert await occupants(desk, depot.geofence_id) == []
    await report(desk, VAN, fix(60, 45.005, 15.005))
    assert await whereabouts(desk) == []
    assert len(desk.events(GeofenceEntered)) == 1


async def test_a_vehicle_is_watched_for_the_fences_of_its_tenant_only(desk: Desk) -> None:
    await draw(desk, tenant=f"other-{new_id()}")
    await report(desk, VAN, fix(0, 45.005, 15.005), fix(30, 45.005, 15.02))
    assert desk.events(GeofenceEntered) == []


async def test_a_vehicle_of_another_tenant_under_the_same_id_is_another_one(desk: Desk) -> None:
    other = f"other-{new_id()}"
    latitude = "SELECT lat FROM live_positions WHERE tenant = $1 AND vehicle_id = $2"
    await draw(desk)
    await report(desk, VAN, fix(0, 45.005, 15.005))
    await report(desk, VAN, fix(60, 46.0, 16.0), tenant=other)
    assert await desk.db.fetchval(latitude, other, VAN) == 46.0
    await desk.publish(VehicleRetired(vehicle_id=VAN), tenant=other)
    assert desk.events(GeofenceExited) == []
    assert [position.lat for position in await whereabouts(desk)] == [45.005]
    assert await desk.db.fetchval(latitude, other, VAN) is None


async def test_crossings_of_one_instant_keep_their_order(desk: Desk) -> None:
    outer = await draw(desk, square(15.0, 45.0, 15.02, 45.01), "outer")
    inner = await draw(desk, DEPOT, "inner")
    await report(desk, VAN, fix(0, 45.005, 14.99), fix(30, 45.005, 15.02), fix(60, 45.005, 15.05))
    told = [(event.name, event.crossed_at) for event in desk.events(GeofenceEntered)]
    expected = sorted((str(fence.geofence_id), fence.name) for fence in (outer, inner))
    assert [name for name, _ in told] == [name for _, name in expected]
    recorded = [(c.name, c.direction) for c in await history(desk, vehicle_id=VAN)]
    assert recorded[:2] == [(name, "entered") for _, name in expected]
    assert recorded[2:] == [("inner", "exited"), ("outer", "exited")]


async def test_how_reports_are_cut_into_messages_changes_no_event(town: Town) -> None:
    """The same drive told fix by fix, and told at once."""
    drive = [fix(second * 10, 45.005 + (second % 7 - 3) / 500, 14.99 + second / 1000) for second in range(40)]
    one_by_one, at_once = uuid4(), uuid4()
    await town.draw(DEPOT)
    await town.draw(Circle(45.004, 15.012, 300.0), "yard")
    await town.report(at_once, *drive)
    await town.publish(*(PositionsRecorded(vehicle_id=one_by_one, fixes=(reported,)) for reported in drive))
    told: list[GeofenceEntered | GeofenceExited] = [*town.events(GeofenceEntered), *town.events(GeofenceExited)]
    expected = [event for event in told if event.vehicle_id == at_once]
    assert len(expected) > 4
    assert [replace(event, vehicle_id=at_once) for event in told if event.vehicle_id == one_by_one] == expected


async def test_what_the_tracker_erases_is_forgotten_here(desk: Desk) -> None:
    depot = await draw(desk)
    other = uuid4()
    for tenant in ("", "other"):
        await report(desk, VAN, fix(0, 45.005, 14.99), fix(30, 45.005, 15.005), fix(60, 45.005, 15.02), tenant=tenant)
    await report(desk, other, fix(0, 45.005, 14.99), fix(30, 45.005, 15.005))
    await report(desk, VAN, fix(600, 45.005, 15.005))
    assert [c.direction for c in await history(desk, vehicle_id=VAN)] == ["entered", "exited", "entered"]

    erased = PositionsErased(vehicle_id=VAN, from_at=None, to_at=START + timedelta(seconds=100))
    for _ in range(2):
        await desk.publish(erased)
        assert [c.direction for c in await history(desk, vehicle_id=VAN)] == ["entered"]
        assert set(await occupants(desk, depot.geofence_id)) == {VAN, other}
        assert len(await whereabouts(desk)) == 1

    await desk.publish(replace(erased, from_at=START, to_at=START + timedelta(hours=1)))
    assert await history(desk, vehicle_id=VAN) == []
    assert await whereabouts(desk) == []
    assert await occupants(desk, depot.geofence_id) == [other]
    assert len(await history(desk, vehicle_id=other)) == 1
    seen = "SELECT count(*) FROM live_positions WHERE tenant = 'other' AND vehicle_id = $1"
    assert await desk.db.fetchval(seen, VAN) == 1

    await report(desk, VAN, fix(4000, 45.005, 15.005))
    assert [c.cause for c in await history(desk, vehicle_id=VAN)] == ["found"]
