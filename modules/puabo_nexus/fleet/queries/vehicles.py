"""Vehicles as they stand."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from modules.puabo_nexus.fleet.contract import MemberStatus, Vehicle
from modules.puabo_nexus.fleet.queries.cursor import AgeCursor
from modules.puabo_nexus.fleet.queries.selection import Selection
from nexus_actors.database import Reader, Row

VEHICLE = (
    "vehicle_id, status, plate, vin, device_id, odometer_m, registered_at, version, "
    "CASE WHEN trip_id IS NULL THEN 'idle' ELSE 'moving' END AS motion"
)
"""The columns that make a `Vehicle`."""

_ONE = f"SELECT {VEHICLE} FROM vehicles WHERE tenant = $1 AND vehicle_id = $2"  # noqa: S608 - columns of ours
_MANY = Selection("vehicles", VEHICLE, ("registered_at", "vehicle_id"))
_CLAIMED = """
SELECT CASE WHEN plate = $3 THEN 'plate' ELSE 'device_id' END FROM vehicles
WHERE tenant = $1 AND vehicle_id <> $2 AND status = 'active' AND (plate = $3 OR device_id = $4)
ORDER BY plate = $3 DESC LIMIT 1
"""

Claim = Literal["plate", "device_id"]


async def vehicle(db: Reader, tenant: str, vehicle_id: UUID) -> Vehicle | None:
    """One vehicle, active or retired."""
    row = await db.fetchrow(_ONE, tenant, vehicle_id)
    return None if row is None else vehicle_of(row)


async def vehicles(
    db: Reader, tenant: str, *, status: MemberStatus | None, after: AgeCursor | None, limit: int
) -> Sequence[Vehicle]:
    """Vehicles in the order in which they joined."""
    return [vehicle_of(row) for row in await _MANY.read(db, {"tenant": tenant, "status": status}, after=after, limit=limit)]


async def claimed(db: Reader, tenant: str, vehicle_id: UUID, plate: str, device_id: str | None) -> Claim | None:
    """Which of plate and device an active vehicle other than this one has already."""
    claim: Claim | None = await db.fetchval(_CLAIMED, tenant, vehicle_id, plate, device_id)
    return claim


def vehicle_of(row: Row) -> Vehicle:
    """The vehicle that a row of the columns `VEHICLE` is."""
    return Vehicle(**dict(row))
