"""What is written of crossings: their history, and who is inside what."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from modules.puabo_nexus.location.domain.crossings import Crossing
from modules.puabo_nexus.location.domain.fence import Errand, GeofenceTag, PlaceTag, Tag
from nexus_actors import Transaction

# Rows get their numbers in the order of the crossings.
_ADD_CROSSINGS = """
INSERT INTO crossings (
    tenant, vehicle_id, geofence_id, geofence_version, delivery_id, place, name, direction, cause, crossed_at, lat, lon, fix_at
)
SELECT $1, $2, c.* FROM unnest(
    $3::uuid[], $4::int[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::float8[],
    $12::float8[], $13::timestamptz[]
) AS c
"""
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


async def add_crossings(db: Transaction, tenant: str, vehicle_id: UUID, crossings: Sequence[tuple[Tag, Crossing]]) -> None:
    """Write a vehicle's crossings into the history, in their order."""
    if not crossings:
        return
    rows = [(*_columns_of(tag), *crossing[1:]) for tag, crossing in crossings]
    await db.execute(_ADD_CROSSINGS, tenant, vehicle_id, *map(list, zip(*rows, strict=True)))


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


def _columns_of(tag: Tag) -> tuple[UUID | None, int | None, UUID | None, str | None, str]:
    if isinstance(tag, PlaceTag):
        return None, None, tag.delivery_id, tag.place, tag.name
    return tag.geofence_id, tag.version, None, None, tag.name


def _ids_and_versions(tags: Sequence[GeofenceTag]) -> tuple[list[UUID], list[int]]:
    return [tag.geofence_id for tag in tags], [tag.version for tag in tags]
