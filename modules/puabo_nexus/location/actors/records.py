"""What is written of crossings: their history, and who is inside what."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from modules.puabo_nexus.location.domain.crossings import Crossing
from modules.puabo_nexus.location.domain.fence import Errand, GeofenceTag, PlaceTag, Tag
from nexus_actors import Transaction

_LEAVE = "DELETE FROM occupancy WHERE tenant = $1 AND vehicle_id = $2 AND geofence_id = ANY($3::uuid[])"
_ENTER = """
INSERT INTO occupancy (tenant, geofence_id, vehicle_id, geofence_version, since)
SELECT $1, o.geofence_id, $2, o.version, o.since
FROM unnest($3::uuid[], $4::int[], $5::timestamptz[]) AS o (geofence_id, version, since)
ON CONFLICT (tenant, geofence_id, vehicle_id)
DO UPDATE SET geofence_version = excluded.geofence_version, since = excluded.since
"""
_RENEW = """
UPDATE occupancy SET geofence_version = o.version FROM unnest($3::uuid[], $4::int[]) AS o (geofence_id, version)
WHERE tenant = $1 AND vehicle_id = $2 AND occupancy.geofence_id = o.geofence_id
"""
_ADD_PLACES = """
INSERT INTO delivery_places (tenant, vehicle_id, delivery_id, place, name, lat, lon, radius_m)
SELECT $1, $2, $3, p.* FROM unnest($4::text[], $5::text[], $6::float8[], $7::float8[], $8::float8[]) AS p
ON CONFLICT (tenant, vehicle_id, delivery_id, place)
DO UPDATE SET name = excluded.name, lat = excluded.lat, lon = excluded.lon, radius_m = excluded.radius_m
"""
_REMOVE_PLACES = "DELETE FROM delivery_places WHERE tenant = $1 AND vehicle_id = $2 AND delivery_id = $3"
_FORGET = (
    "DELETE FROM live_positions WHERE tenant = $1 AND vehicle_id = $2",
    "DELETE FROM occupancy WHERE tenant = $1 AND vehicle_id = $2",
    "DELETE FROM delivery_places WHERE tenant = $1 AND vehicle_id = $2",
)

_ERASE = (
    """
DELETE FROM crossings WHERE tenant = $1 AND vehicle_id = $2
AND greatest(crossed_at, fix_at) >= coalesce($3, '-infinity'::timestamptz) AND least(crossed_at, fix_at) < $4
""",
    """
DELETE FROM live_positions WHERE tenant = $1 AND vehicle_id = $2
AND fix_at >= coalesce($3, '-infinity'::timestamptz) AND fix_at < $4
""",
)


def add_crossing(db: Transaction, tenant: str, vehicle_id: UUID, tag: Tag, crossing: Crossing) -> None:
    """Write a vehicle's crossing into the history, behind those that were added before."""
    db.insert(
        "crossings",
        tenant=tenant,
        vehicle_id=vehicle_id,
        name=tag.name,
        **_columns_of(tag),
        direction=crossing.direction,
        cause=crossing.cause,
        crossed_at=crossing.crossed_at,
        lat=crossing.lat,
        lon=crossing.lon,
        fix_at=crossing.fix_at,
    )


async def update_occupancy(
    db: Transaction,
    tenant: str,
    vehicle_id: UUID,
    before: Mapping[str, Tag],
    after: Mapping[str, Tag],
    crossings: Sequence[tuple[Tag, Crossing]],
) -> None:
    """Write which geofences a vehicle is inside ``after`` some crossings, as far as that has changed."""
    inside = [tag for tag in after.values() if isinstance(tag, GeofenceTag)]
    # The last crossing of a fence that the vehicle is inside of is the one by which it came in.
    since = {crossing.fence: crossing.crossed_at for _, crossing in crossings}
    gone = [tag.geofence_id for key, tag in before.items() if isinstance(tag, GeofenceTag) and key not in after]
    entered = [tag for tag in inside if tag.key in since]
    renewed = [tag for tag in inside if tag.key not in since and before.get(tag.key) != tag]
    if gone:
        await db.execute(_LEAVE, tenant, vehicle_id, gone)
    if entered:
        await db.execute(_ENTER, tenant, vehicle_id, *_ids_and_versions(entered), [since[tag.key] for tag in entered])
    if renewed:
        await db.execute(_RENEW, tenant, vehicle_id, *_ids_and_versions(renewed))


async def add_places(db: Transaction, tenant: str, vehicle_id: UUID, delivery_id: UUID, errand: Errand) -> None:
    """Write the places that a vehicle is watched for."""
    places = (errand.pickup, errand.dropoff)
    await db.execute(
        _ADD_PLACES,
        tenant,
        vehicle_id,
        delivery_id,
        [tag.place for tag in errand.tags(delivery_id)],
        [place.name for place in places],
        [place.lat for place in places],
        [place.lon for place in places],
        [float(place.radius_m) for place in places],
    )


async def remove_places(db: Transaction, tenant: str, vehicle_id: UUID, delivery_id: UUID) -> None:
    """A vehicle is not watched for the places of a delivery any more."""
    await db.execute(_REMOVE_PLACES, tenant, vehicle_id, delivery_id)


async def forget_vehicle(db: Transaction, tenant: str, vehicle_id: UUID) -> None:
    """Remove what says where a vehicle is; its history stays."""
    for statement in _FORGET:
        await db.execute(statement, tenant, vehicle_id)


async def erase_range(db: Transaction, tenant: str, vehicle_id: UUID, from_at: datetime | None, to_at: datetime) -> None:
    """Remove what says where a vehicle was in a range of time."""
    for statement in _ERASE:
        await db.execute(statement, tenant, vehicle_id, from_at, to_at)


async def leave_all(db: Transaction, tenant: str, vehicle_id: UUID) -> None:
    """A vehicle is in no geofence that is known."""
    await db.execute("DELETE FROM occupancy WHERE tenant = $1 AND vehicle_id = $2", tenant, vehicle_id)


def _columns_of(tag: Tag) -> dict[str, UUID | int | str | None]:
    """All of them for either kind: rows of the same columns stay in their order."""
    if isinstance(tag, PlaceTag):
        return {"geofence_id": None, "geofence_version": None, "delivery_id": tag.delivery_id, "place": tag.place}
    return {"geofence_id": tag.geofence_id, "geofence_version": tag.version, "delivery_id": None, "place": None}


def _ids_and_versions(tags: Sequence[GeofenceTag]) -> tuple[list[UUID], list[int]]:
    return [tag.geofence_id for tag in tags], [tag.version for tag in tags]
