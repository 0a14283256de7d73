"""Where vehicles are now."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from modules.puabo_nexus.location.domain.box import Box, around
from modules.puabo_nexus.location.domain.cells import cells_in
from modules.puabo_nexus.location.domain.nearness import Distant, nearest, search_radii
from nexus_actors.database import Reader, Row

_COLUMNS = "vehicle_id, lat, lon, altitude_m, speed_mps, heading_deg, accuracy_m, fix_at, received_at"
_ONE = f"SELECT {_COLUMNS} FROM live_positions WHERE tenant = $1 AND vehicle_id = $2"  # noqa: S608 - columns of ours
_MANY = f"""
SELECT {_COLUMNS} FROM live_positions
WHERE tenant = $1 AND ($2::uuid IS NULL OR vehicle_id > $2) ORDER BY vehicle_id LIMIT $3
"""  # noqa: S608 - columns of ours
# Ranges of cells do not overlap, so no vehicle is found twice. OFFSET 0 keeps the planner from going through all vehicles of
# the tenant in the order of their ids until it has found enough. A limit of null is none.
_IN_CELLS = f"""
SELECT near.* FROM unnest($2::int[], $3::int[]) AS cells (low, high)
CROSS JOIN LATERAL (
    SELECT {_COLUMNS} FROM live_positions
    WHERE tenant = $1 AND cell BETWEEN cells.low AND cells.high AND ($4::uuid IS NULL OR vehicle_id > $4) OFFSET 0
) AS near
ORDER BY near.vehicle_id LIMIT $5
"""  # noqa: S608 - columns of ours
_CHUNK = 500


class LivePosition(Struct, frozen=True, kw_only=True):
    """Where a vehicle was when it was last heard of.

    Attributes:
        fix_at: when it was there, by its device's clock.
        received_at: when the platform learned of it.
        age_s: seconds between ``fix_at`` and the request.
    """

    vehicle_id: UUID
    lat: float
    lon: float
    altitude_m: float | None
    speed_mps: float | None
    heading_deg: float | None
    accuracy_m: float | None
    fix_at: datetime
    received_at: datetime
    age_s: float


async def position(db: Reader, tenant: str, vehicle_id: UUID, now: datetime) -> LivePosition | None:
    """The position of one vehicle."""
    row = await db.fetchrow(_ONE, tenant, vehicle_id)
    return None if row is None else _position_of(row, now)


async def positions(db: Reader, tenant: str, now: datetime, *, after: UUID | None, limit: int) -> list[LivePosition]:
    """The positions of all vehicles, by id."""
    return [_position_of(row, now) for row in await db.fetch(_MANY, tenant, after, limit)]


async def nearest_to(
    db: Reader, tenant: str, now: datetime, *, lat: float, lon: float, count: int, within_m: float
) -> list[Distant[LivePosition]]:
    """The ``count`` vehicles nearest to a point, at most ``within_m`` away, nearest first, equal distances by id."""
    found: list[Distant[LivePosition]] = []
    for radius_m in search_radii(within_m):
        rows = await _in_box(db, tenant, around(lat, lon, radius_m), after=None, limit=None)
        found = nearest(lat, lon, [_position_of(row, now) for row in rows], count, radius_m)
        if len(found) == count:
            break
    return found


async def positions_where(
    db: Reader,
    tenant: str,
    now: datetime,
    is_wanted: Callable[[LivePosition], bool],
    *,
    box: Box,
    after: UUID | None,
    limit: int,
) -> list[LivePosition]:
    """Vehicles in a box for which ``is_wanted`` holds, by id."""
    found: list[LivePosition] = []
    while True:
        rows = await _in_box(db, tenant, box, after=after, limit=_CHUNK)
        found += filter(is_wanted, (_position_of(row, now) for row in rows))
        if len(found) >= limit or len(rows) < _CHUNK:
            return found[:limit]
        after = rows[-1]["vehicle_id"]


async def _in_box(db: Reader, tenant: str, box: Box, *, after: UUID | None, limit: int | None) -> Sequence[Row]:
    """Vehicles in the cells that a box touches."""
    cells = cells_in(box)
    return await db.fetch(_IN_CELLS, tenant, [low for low, _ in cells], [high for _, high in cells], after, limit)


def _position_of(row: Row, now: datetime) -> LivePosition:
    return LivePosition(**dict(row), age_s=max(0.0, (now - row["fix_at"]).total_seconds()))
