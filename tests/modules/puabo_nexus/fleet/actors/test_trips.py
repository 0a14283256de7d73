"""What trips make of a vehicle's motion and odometer."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import pytest

from bus import new_id
from modules.puabo_nexus.fleet.contract import RetireVehicle, Vehicle
from modules.puabo_nexus.fleet.tables import VEHICLES
from modules.puabo_nexus.tracker.contract import TripEnded, TripRevised, TripStarted
from nexus_actors.testing import Desk
from tests.modules.puabo_nexus.fleet.yard import NOON, a_vehicle

pytestmark = pytest.mark.anyio

ONE, TWO = UUID(int=1), UUID(int=2)


def started(vehicle: Vehicle, trip_id: UUID = ONE) -> TripStarted:
    return TripStarted(vehicle_id=vehicle.vehicle_id, trip_id=trip_id, started_at=NOON, lat=45.8, lon=15.97)


def ended(vehicle: Vehicle, distance_m: float, trip_id: UUID = ONE) -> TripEnded:
    return TripEnded(
        vehicle_id=vehicle.vehicle_id,
        trip_id=trip_id,
        started_at=NOON,
        ended_at=NOON,
        distance_m=distance_m,
        duration_s=60.0,
        max_speed_mps=20.0,
        average_speed_mps=10.0,
        lat=45.8,
        lon=15.97,
    )


def revised(
    vehicle: Vehicle, change: Literal["added", "changed", "removed"], distance_m: float, ended_at: datetime | None = NOON
) -> TripRevised:
    return TripRevised(
        vehicle_id=vehicle.vehicle_id,
        trip_id=ONE,
        change=change,
        started_at=NOON,
        ended_at=ended_at,
        distance_m=distance_m,
        duration_s=60.0,
        max_speed_mps=20.0,
        average_speed_mps=10.0,
        lat=45.8,
        lon=15.97,
        trip_version=2,
    )


async def stands(fleet: Desk, vehicle: Vehicle) -> tuple[str, int, int]:
    """Motion, odometer and version of a vehicle."""
    found = await VEHICLES.found(fleet, vehicle.vehicle_id)
    return found.motion, found.odometer_m, found.version


async def test_a_trip_moves_a_vehicle_and_its_end_is_counted(fleet: Desk) -> None:
    vehicle = await a_vehicle(fleet)

    await fleet.publish(started(vehicle))
    moving = await stands(fleet, vehicle)
    await fleet.publish(ended(vehicle, 2735.96))

    assert moving == ("moving", 0, 2)
    assert await stands(fleet, vehicle) == ("idle", 2736, 3)


async def test_the_same_news_twice_changes_nothing(fleet: Desk) -> None:
    vehicle = await a_vehicle(fleet)

    for event in (started(vehicle), started(vehicle), ended(vehicle, 100), ended(vehicle, 100)):
        await fleet.publish(event)

    assert await stands(fleet, vehicle) == ("idle", 100, 3)


async def test_a_start_that_comes_after_the_end_moves_nothing(fleet: Desk) -> None:
    vehicle = await a_vehicle(fleet)

    await fleet.publish(ended(vehicle, 100))
    await fleet.publish(started(vehicle))

    assert await stands(fleet, vehicle) == ("idle", 100, 2)


async def test_a_revised_trip_counts_with_its_latest_length(fleet: Desk) -> None:
    vehicle = await a_vehicle(fleet)
    await fleet.publish(ended(vehicle, 100))
    await fleet.publish(ended(vehicle, 7, TWO))

    await fleet.publish(revised(vehicle, "changed", 250))
    longer = await stands(fleet, vehicle)
    await fleet.publish(revised(vehicle, "changed", 300, ended_at=None))
    going_on = await stands(fleet, vehicle)
    await fleet.publish(ended(vehicle, 400))
    ended_again = await stands(fleet, vehicle)
    await fleet.publish(revised(vehicle, "removed", 0))

    assert longer[:2] == ("idle", 257)
    assert going_on[:2] == ("moving", 7)
    assert ended_again[:2] == ("idle", 407)
    assert (await stands(fleet, vehicle))[:2] == ("idle", 7)


async def test_a_trip_that_was_found_later_counts(fleet: Desk) -> None:
    vehicle = await a_vehicle(fleet)

    await fleet.publish(revised(vehicle, "added", 55.5))

    assert (await stands(fleet, vehicle))[:2] == ("idle", 56)


async def test_trips_of_vehicles_that_the_fleet_does_not_have_are_left_alone(fleet: Desk) -> None:
    stranger = Vehicle(
        vehicle_id=new_id(),
        plate="X",
        vin=None,
        device_id=None,
        status="active",
        motion="idle",
        odometer_m=0,
        registered_at=NOON,
        version=1,
    )
    ours = await a_vehicle(fleet)

    for event in (started(stranger), ended(stranger, 5), revised(stranger, "removed", 0)):
        await fleet.publish(event)
    await fleet.publish(started(ours), tenant=f"other-{new_id()}")

    assert await stands(fleet, ours) == ("idle", 0, 1)


async def test_a_vehicle_that_retires_on_the_road_stands_and_its_last_metres_count(fleet: Desk) -> None:
    vehicle = await a_vehicle(fleet)
    await fleet.publish(started(vehicle))
    retired = await fleet.ask(RetireVehicle(vehicle_id=vehicle.vehicle_id))
    assert await stands(fleet, vehicle) == ("idle", 0, 3)

    await fleet.publish(ended(vehicle, 100))
    await fleet.publish(started(vehicle, TWO))

    assert retired.motion == "idle"
    assert (await stands(fleet, vehicle))[:2] == ("idle", 100)
