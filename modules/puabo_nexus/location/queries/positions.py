"""Where vehicles are now, by where that is."""

from collections.abc import Callable, Sequence
from uuid import UUID

from modules.geography.box import Box, around
from modules.puabo_nexus.location.domain.cells import cells_in
from modules.puabo_nexus.location.domain.nearness import Distant, nearest, search_radii
from modules.puabo_nexus.location.tables import POSITIONS, Whereabouts
from nexus_actors.tables import Here

# Ranges of cells do not overlap, so no vehicle is found twice. OFFSET 0 keeps the planner from going through all vehicles of
# the tenant in the order of their ids until it has found enough. A limit of null is none.
_IN_CELLS = f"""
SELECT near.* FROM unnest($2::int[], $3::int[]) AS cells (low, high)
CROSS JOIN LATERAL (
    SELECT {POSITIONS.columns} FROM live_positions
    WHERE tenant = $1 AND cell BETWEEN cells.low AND cells.high AND ($4::uuid IS NULL OR vehicle_id > $4) OFFSET 0
) AS near
ORDER BY near.vehicle_id LIMIT $5
"""  # noqa: S608 - columns of ours
_CHUNK = 500


async def position_of(here: Here, vehicle_id: UUID) -> Whereabouts | None:
    """Where a vehicle is; None where nobody knows."""
    found = await POSITIONS.select(here, "vehicle_id = $2", vehicle_id)
    return found[0] if found else None


async def nearest_to(here: Here, lat: float, lon: float, *, count: int, within_m: float) -> list[Distant[Whereabouts]]:
    """The ``count`` vehicles nearest to a point, at most ``within_m`` away, nearest first, equal distances by id."""
    found: list[Distant[Whereabouts]] = []
    for radius_m in search_radii(within_m):
        found = nearest(lat, lon, await _in_box(here, around(lat, lon, radius_m)), count, radius_m)
        if len(found) == count:
            break
    return found


async def positions_where(
    here: Here, is_wanted: Callable[[Whereabouts], bool], *, box: Box, after: UUID | None, limit: int
) -> list[Whereabouts]:
    """Vehicles in a box for which ``is_wanted`` holds, by id."""
    found: list[Whereabouts] = []
    while True:
        chunk = await _in_box(here, box, after=after, limit=_CHUNK)
        found += filter(is_wanted, chunk)
        if len(found) >= limit or len(chunk) < _CHUNK:
            return found[:limit]
        after = chunk[-1].vehicle_id


async def _in_box(here: Here, box: Box, *, after: UUID | None = None, limit: int | None = None) -> Sequence[Whereabouts]:
    """Vehicles in the cells that a box touches."""
    cells = cells_in(box)
    rows = await here.db.fetch(_IN_CELLS, here.tenant, [low for low, _ in cells], [high for _, high in cells], after, limit)
    return [POSITIONS.value(row) for row in rows]
