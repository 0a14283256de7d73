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
from nexus_actors.testing import TestPlatform, open_platform
from tests.modules.puabo_nexus.location.journey import LOCATION, START, client, everything, fix, report

pytestmark = pytest.mark.anyio

WAREHOUSE = Place(name="warehouse", lat=45.0, lon=15.0)
SHOP = Place(name="shop", lat=45.0, lon=15.05)


async def under_way(platform: TestPlatform) -> tuple[UUID, UUID]:
    """A delivery that was assigned at the start of all drives, and its vehicle."""
    van, driver, delivery = new_id(), new_id(), new_id()
    await platform.ask(RegisterVehicle(vehicle_id=van, plate="ZG 1234-AB"))
    await platform.ask(RegisterDriver(driver_id=driver, name="Ana"))
    await platform.ask(RequestDelivery(delivery_id=delivery, pickup=WAREHOUSE, dropoff=SHOP))
    await platform.ask(AssignDelivery(delivery_id=delivery, vehicle_id=van, driver_id=driver, assigned_at=START))
    await platform.settle()
    return delivery, van


async def status_of(platform: TestPlatform, delivery: UUID) -> str:
    answer = await platform.http("fleet-service", "fleet:read").get(f"/v1/deliveries/{delivery}")
    return str(answer.json()["status"])


async def test_a_drive_from_the_pickup_to_the_dropoff_delivers(database_url: str) -> None:
    async with open_platform([fleet, LOCATION], database_url) as platform:
        delivery, van = await under_way(platform)
        assert await status_of(platform, delivery) == "assigned"
        await report(platform, van, fix(60, 45.0, 14.98), fix(120, 45.0, 14.9995))
        assert await status_of(platform, delivery) == "at_pickup"
        await report(platform, van, fix(180, 45.0, 15.02))
        assert await status_of(platform, delivery) == "picked_up"
        await report(platform, van, fix(240, 45.0, 15.05))
        assert await status_of(platform, delivery) == "delivered"
        completed = platform.events(DeliveryCompleted)[0]
        assert START + timedelta(seconds=180) < completed.delivered_at < START + timedelta(seconds=240)
        assert await everything(client(platform), f"/v1/vehicles/{van}/places", 10) == [], "It is watched no more."


async def test_a_whole_drive_in_one_report_delivers_too(database_url: str) -> None:
    async with open_platform([fleet, LOCATION], database_url) as platform:
        delivery, van = await under_way(platform)
        await report(platform, van, *(fix(60 * n, 45.0, 14.98 + n / 100) for n in range(9)))
        assert await status_of(platform, delivery) == "delivered"
