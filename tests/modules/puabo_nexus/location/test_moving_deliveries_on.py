"""Fleet and location together: a vehicle that drives from place to place moves its delivery on."""

from datetime import timedelta
from uuid import UUID

import pytest

from bus import new_id
from modules.puabo_nexus.fleet.contract import (
    AssignDelivery,
    DeliveryCompleted,
    Place,
    RegisterDriver,
    RegisterVehicle,
    RequestDelivery,
)
from modules.puabo_nexus.fleet.service import service as fleet
from modules.puabo_nexus.location.service import service as location
from nexus_actors.testing.fixtures import platform_fixture
from tests.modules.puabo_nexus.location.journey import START, Town, everything, fix

pytestmark = pytest.mark.anyio

platform = platform_fixture(fleet, location, shared=True)

WAREHOUSE = Place(name="warehouse", lat=45.0, lon=15.0)
SHOP = Place(name="shop", lat=45.0, lon=15.05)


async def under_way(town: Town) -> tuple[UUID, UUID]:
    """A delivery that was assigned at the start of all drives, and its vehicle."""
    van, driver, delivery = new_id(), new_id(), new_id()
    await town.ask(RegisterVehicle(vehicle_id=van, plate="ZG 1234-AB"))
    await town.ask(RegisterDriver(driver_id=driver, name="Ana"))
    await town.ask(RequestDelivery(delivery_id=delivery, pickup=WAREHOUSE, dropoff=SHOP))
    await town.ask(AssignDelivery(delivery_id=delivery, vehicle_id=van, driver_id=driver, assigned_at=START))
    await town.publish()
    return delivery, van


async def status_of(town: Town, delivery: UUID) -> str:
    answer = await town.client("fleet:read:any", "fleet:read", of=fleet.name).get(f"/v1/deliveries/{delivery}")
    return str(answer.json()["status"])


async def test_a_drive_from_the_pickup_to_the_dropoff_delivers(town: Town) -> None:
    delivery, van = await under_way(town)
    assert await status_of(town, delivery) == "assigned"
    await town.report(van, fix(60, 45.0, 14.98), fix(120, 45.0, 14.9995))
    assert await status_of(town, delivery) == "at_pickup"
    await town.report(van, fix(200, 45.0, 14.9995), fix(210, 45.0, 15.02))
    assert await status_of(town, delivery) == "picked_up"
    await town.report(van, fix(240, 45.0, 15.05))
    assert await status_of(town, delivery) == "picked_up", "It may drive by."
    await town.report(van, fix(320, 45.0, 15.05), fix(330, 45.0, 15.07))
    assert await status_of(town, delivery) == "delivered"
    completed = town.events(DeliveryCompleted)[0]
    assert START + timedelta(seconds=210) < completed.delivered_at < START + timedelta(seconds=240)
    assert await everything(town.client(), f"/v1/vehicles/{van}/places", 10) == [], "It is watched no more."


async def test_a_whole_drive_in_one_report_delivers_too(town: Town) -> None:
    delivery, van = await under_way(town)
    there = [fix(0, 45.0, 14.98), *(fix(120 + 60 * n, 45.0, 15.0) for n in range(2))]
    stay = [*there, *(fix(180 + 60 * n, 45.0, 15 + n / 100) for n in range(1, 6)), fix(560, 45.0, 15.05)]
    await town.report(van, *stay, fix(600, 45.0, 15.07))
    assert await status_of(town, delivery) == "delivered"


async def test_who_has_fetched_and_drives_past_the_dropoff_delivers_nothing(town: Town) -> None:
    delivery, van = await under_way(town)
    stay = [fix(0, 45.0, 14.98), fix(120, 45.0, 15.0), fix(200, 45.0, 15.0)]
    await town.report(van, *stay, *(fix(200 + 10 * n, 45.0, 15 + n * 0.0035) for n in range(1, 20)))
    assert await status_of(town, delivery) == "picked_up"


async def test_driving_past_both_places_at_speed_delivers_nothing(town: Town) -> None:
    """At 100 km/h straight through the middle of both circles of 100 m: 7 s in each."""
    delivery, van = await under_way(town)
    await town.report(van, *(fix(10 * n, 45.0, 14.98 + n * 0.0035) for n in range(1, 30)))
    assert await status_of(town, delivery) == "assigned"
