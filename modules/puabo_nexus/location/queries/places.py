"""The places of deliveries that a vehicle is watched for."""

from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from modules.puabo_nexus.location.contract import DeliveryPlace
from nexus_actors.database import Reader

_OF_VEHICLE = """
SELECT delivery_id, place, name, lat, lon, radius_m FROM delivery_places
WHERE tenant = $1 AND vehicle_id = $2 AND ($3::uuid IS NULL OR (delivery_id, place) > ($3, $4))
ORDER BY delivery_id, place LIMIT $5
"""


class PlaceCursor(NamedTuple):
    """What a vehicle's places are ordered by."""

    delivery_id: UUID
    place: str


class WatchedPlace(Struct, frozen=True, kw_only=True):
    """The pick-up or drop-off place of a delivery under way, as a circle that its vehicle is watched for."""

    delivery_id: UUID
    place: DeliveryPlace
    name: str
    lat: float
    lon: float
    radius_m: float


async def watched_places(
    db: Reader, tenant: str, vehicle_id: UUID, *, after: PlaceCursor | None, limit: int
) -> list[WatchedPlace]:
    """The places that a vehicle is watched for, by delivery."""
    delivery_id, place = after or (None, None)
    rows = await db.fetch(_OF_VEHICLE, tenant, vehicle_id, delivery_id, place, limit)
    return [WatchedPlace(**dict(row)) for row in rows]
