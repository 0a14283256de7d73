"""Geofences, and who is inside them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from modules.puabo_nexus.location.contract import Geofence, Shape
from modules.puabo_nexus.location.domain.box import Box
from nexus_actors.database import Reader, Row

GEOFENCE = "geofence_id, name, shape, version, created_at, changed_at"
"""The columns that make a `Geofence`."""

_ONE = f"SELECT {GEOFENCE} FROM geofences WHERE tenant = $1 AND geofence_id = $2"  # noqa: S608 - columns of ours
_MANY = f"""
SELECT {GEOFENCE} FROM geofences
WHERE tenant = $1 AND ($2::uuid IS NULL OR geofence_id > $2) ORDER BY geofence_id LIMIT $3
"""  # noqa: S608 - columns of ours
OVERLAPPING = """
SELECT fence.geofence_id FROM (
    SELECT * FROM unnest({west}::float8[], {south}::float8[], {east}::float8[], {north}::float8[])
        AS edges (west, south, east, north)
    LIMIT cardinality({west}::float8[])
) AS bounds
JOIN geofences AS fence
    ON fence.tenant = $1 AND fence.area && box(point(bounds.west, bounds.south), point(bounds.east, bounds.north))
"""
"""Ids of the fences of tenant ``$1`` whose bounds overlap some boxes, given as four arrays; some of them twice.

The limit takes nothing away. With it PostgreSQL expects few boxes when it does not know how many there are, and so keeps one
plan for all calls; planning costs more than the search itself.
"""

_IN_BOXES = f"""
SELECT {GEOFENCE} FROM geofences
WHERE tenant = $1 AND ($2::uuid IS NULL OR geofence_id > $2)
    AND geofence_id IN ({OVERLAPPING.format(west="$4", south="$5", east="$6", north="$7")})
ORDER BY geofence_id LIMIT $3
"""  # noqa: S608 - columns of ours
_SHAPES_IN_BOXES = f"""
SELECT geofence_id, shape FROM geofences
WHERE tenant = $1 AND geofence_id = ANY (ARRAY({OVERLAPPING.format(west="$2", south="$3", east="$4", north="$5")}))
ORDER BY geofence_id
"""  # noqa: S608 - columns of ours
_INSIDE = """
SELECT vehicle_id, geofence_version, since FROM occupancy
WHERE tenant = $1 AND geofence_id = $2 AND ($3::uuid IS NULL OR vehicle_id > $3) ORDER BY vehicle_id LIMIT $4
"""
_EXISTS = "SELECT true FROM geofences WHERE tenant = $1 AND geofence_id = $2"

_shapes: msgspec.json.Decoder[Shape] = msgspec.json.Decoder(Shape)


class Occupant(Struct, frozen=True, kw_only=True):
    """A vehicle inside a geofence, as of its last fix.

    Attributes:
        geofence_version: the version of the fence by which it was judged.
        since: when it came in.
    """

    vehicle_id: UUID
    geofence_version: int
    since: datetime


class StoredShape(Struct, frozen=True):
    """A geofence's id, and its shape as the JSON that is stored."""

    geofence_id: UUID
    shape: bytes


async def geofence(db: Reader, tenant: str, geofence_id: UUID) -> Geofence | None:
    """One geofence."""
    row = await db.fetchrow(_ONE, tenant, geofence_id)
    return None if row is None else geofence_of(row)


async def geofences(db: Reader, tenant: str, *, box: Box | None, after: UUID | None, limit: int) -> list[Geofence]:
    """Geofences by id, that is by age.

    Args:
        box: only those whose bounds overlap it; None lets all through.
    """
    if box is None:
        rows = await db.fetch(_MANY, tenant, after, limit)
    else:
        rows = await db.fetch(_IN_BOXES, tenant, after, limit, *edges_of([box]))
    return [geofence_of(row) for row in rows]


async def shapes_in(db: Reader, tenant: str, boxes: Sequence[Box]) -> list[StoredShape]:
    """The shapes of all fences whose bounds overlap any of some boxes, by id."""
    rows = await db.fetch(_SHAPES_IN_BOXES, tenant, *edges_of(boxes))
    return [StoredShape(row["geofence_id"], row["shape"]) for row in rows]


async def exists(db: Reader, tenant: str, geofence_id: UUID) -> bool:
    """Whether there is such a geofence."""
    return await db.fetchval(_EXISTS, tenant, geofence_id) is not None


async def occupants(db: Reader, tenant: str, geofence_id: UUID, *, after: UUID | None, limit: int) -> list[Occupant]:
    """Who is inside a geofence, by id."""
    return [Occupant(**dict(row)) for row in await db.fetch(_INSIDE, tenant, geofence_id, after, limit)]


def geofence_of(row: Row) -> Geofence:
    """The geofence that a row of the columns `GEOFENCE` is."""
    columns = dict(row)
    return Geofence(shape=_shapes.decode(columns.pop("shape")), **columns)


def edges_of(boxes: Sequence[Box]) -> tuple[list[float], list[float], list[float], list[float]]:
    """West, south, east and north edges of boxes, under every number that stored bounds may have for the same meridians."""
    images = [image for box in boxes for image in box.images()]
    return (
        [image.west for image in images],
        [image.south for image in images],
        [image.east for image in images],
        [image.north for image in images],
    )
