"""Where a vehicle is and which geofences are near its path: one statement for a turn, however many fixes it takes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from modules.geography.box import Box
from modules.geography.off_loop import done
from modules.puabo_nexus.location.domain.cells import cell_of
from modules.puabo_nexus.location.domain.fence import Fence, GeofenceTag
from modules.puabo_nexus.location.domain.shapes import regions_of
from modules.puabo_nexus.location.queries.geofences import OVERLAPPING, edges_of
from modules.puabo_nexus.tracker.contract import Fix
from nexus_actors import Transaction

# Writing and reading in one statement halves the round trips of a vehicle that crosses nothing, which is nearly every turn.
# Ids are put into an array first, so that fences are read by their keys however many the planner expects.
_MOVE_AND_LOOK = f"""
WITH moved AS (
    INSERT INTO live_positions (
        tenant, vehicle_id, fix_at, received_at, lat, lon, altitude_m, speed_mps, heading_deg, accuracy_m, cell
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (tenant, vehicle_id) DO UPDATE SET
        fix_at = excluded.fix_at, received_at = excluded.received_at, lat = excluded.lat, lon = excluded.lon,
        altitude_m = excluded.altitude_m, speed_mps = excluded.speed_mps, heading_deg = excluded.heading_deg,
        accuracy_m = excluded.accuracy_m, cell = excluded.cell
)
SELECT geofence_id, version, name, shape FROM geofences
WHERE tenant = $1 AND geofence_id = ANY (ARRAY(
    SELECT unnest($12::uuid[])
    UNION
    {OVERLAPPING.format(west="$13", south="$14", east="$15", north="$16")}
))
"""  # noqa: S608 - columns of ours


async def move_and_look(
    db: Transaction,
    tenant: str,
    vehicle_id: UUID,
    fix: Fix,
    received_at: datetime,
    *,
    path: Sequence[Box],
    inside: Iterable[UUID],
) -> list[Fence]:
    """Write where a vehicle is now, and read the geofences that its path may touch and those it was inside, if they exist."""
    rows = await db.fetch(
        _MOVE_AND_LOOK,
        tenant,
        vehicle_id,
        fix.fix_at,
        received_at,
        fix.lat,
        fix.lon,
        fix.altitude_m,
        fix.speed_mps,
        fix.heading_deg,
        fix.accuracy_m,
        cell_of(fix.lat, fix.lon),
        list(inside),
        *edges_of(path),
    )
    # A character of a shape is less than a step of work: a corner has twenty of them or more.
    shapes = [row["shape"] for row in rows]
    regions = await done(sum(map(len, shapes)), regions_of, shapes)
    tags = (GeofenceTag(row["geofence_id"], row["version"], row["name"]) for row in rows)
    return [Fence(tag, region) for tag, region in zip(tags, regions, strict=True)]
