"""What the fleet's tests begin with: vehicles, drivers and deliveries of the desk's tenant, unless they say otherwise."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from bus import new_id
from modules.puabo_nexus.fleet.contract import (
    AssignDelivery,
    Delivery,
    Driver,
    Place,
    RegisterDriver,
    RegisterVehicle,
    RequestDelivery,
    Vehicle,
)
from nexus_actors.database import Reader
from nexus_actors.testing import Desk, FakeClock

NOON = FakeClock()()
"""When every desk opens."""
PICKUP = Place(name="Depot", lat=45.80, lon=15.97)
DROPOFF = Place(name="Shop", lat=45.85, lon=15.97)


class At(NamedTuple):
    """Where another tenant's rows are read."""

    db: Reader
    tenant: str


async def a_vehicle(fleet: Desk, plate: str = "ZG 1", *, device_id: str | None = None, tenant: str = "") -> Vehicle:
    return await fleet.ask(RegisterVehicle(vehicle_id=new_id(), plate=plate, device_id=device_id), tenant=tenant)


async def a_driver(fleet: Desk, name: str = "Ana") -> Driver:
    return await fleet.ask(RegisterDriver(driver_id=new_id(), name=name))


async def a_delivery(fleet: Desk, *, dwell_s: int = 0, tenant: str = "") -> Delivery:
    asked = RequestDelivery(delivery_id=new_id(), pickup=PICKUP, dropoff=DROPOFF, dwell_s=dwell_s)
    return await fleet.ask(asked, tenant=tenant)


async def assign(fleet: Desk, delivery: Delivery, vehicle_id: UUID, driver_id: UUID, at: datetime | None = None) -> Delivery:
    return await fleet.ask(
        AssignDelivery(delivery_id=delivery.delivery_id, vehicle_id=vehicle_id, driver_id=driver_id, assigned_at=at)
    )
