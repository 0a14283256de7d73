"""Geofences in boxes."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from modules.geography.box import Box
from modules.geography.off_loop import done
from modules.geography.region import Region
from modules.puabo_nexus.location.contract import Geofence
from modules.puabo_nexus.location.domain.shapes import regions_of
from modules.puabo_nexus.location.tables import GEOFENCES
from nexus_actors.tables import Here

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
SELECT {GEOFENCES.columns} FROM geofences
WHERE tenant = $1 AND ($2::uuid IS NULL OR geofence_id > $2)
    AND geofence_id IN ({OVERLAPPING.format(west="$4", south="$5", east="$6", north="$7")})
ORDER BY geofence_id LIMIT $3
"""  # noqa: S608 - columns of ours
_SHAPES_IN_BOXES = f"""
SELECT geofence_id, shape FROM geofences
WHERE tenant = $1 AND geofence_id = ANY (ARRAY({OVERLAPPING.format(west="$2", south="$3", east="$4", north="$5")}))
ORDER BY geofence_id
"""  # noqa: S608 - columns of ours

_COUNTED = "SELECT count(*) AS fences FROM (SELECT FROM geofences WHERE tenant = $1 LIMIT $2) AS fence"

MOST_GEOFENCES: Final = 1_000
"""Of one tenant. All of them may lie over each other, and then a vehicle is judged by each."""


async def geofences_in(here: Here, box: Box, *, after: UUID | None, limit: int) -> list[Geofence]:
    """Geofences whose bounds overlap a box, by id, that is by age."""
    rows = await here.db.fetch(_IN_BOXES, here.tenant, after, limit, *edges_of([box]))
    return [GEOFENCES.value(row) for row in rows]


async def regions_in(here: Here, boxes: Sequence[Box]) -> dict[UUID, Region]:
    """What all fences cover whose bounds overlap any of some boxes, in the order of their ids."""
    rows = await here.db.fetch(_SHAPES_IN_BOXES, here.tenant, *edges_of(boxes))
    shapes = [row["shape"] for row in rows]
    # A character of a shape is less than a step of work: a corner has twenty of them or more.
    regions = await done(sum(map(len, shapes)), regions_of, shapes)
    return {row["geofence_id"]: region for row, region in zip(rows, regions, strict=True)}


async def is_full(here: Here) -> bool:
    """Whether the tenant has as many geofences as it may have. Two drawn at one moment may both be the last."""
    rows = await here.db.fetch(_COUNTED, here.tenant, MOST_GEOFENCES)
    return int(rows[0]["fences"]) >= MOST_GEOFENCES


def edges_of(boxes: Sequence[Box]) -> tuple[list[float], list[float], list[float], list[float]]:
    """West, south, east and north edges of boxes, under every number that stored bounds may have for the same meridians."""
    images = [image for box in boxes for image in box.images()]
    return (
        [image.west for image in images],
        [image.south for image in images],
        [image.east for image in images],
        [image.north for image in images],
    )
