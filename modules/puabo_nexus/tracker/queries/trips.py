"""Finding trips by the time that they took."""

from datetime import datetime
from uuid import UUID

from nexus_actors.tables import Here

# The trips of a vehicle do not overlap: of those that began before an instant, only the last one can be under way at it.
_EARLIEST = """
    SELECT min(last.started_at) FROM vehicles v CROSS JOIN LATERAL (
        SELECT started_at, ended_at FROM trips t WHERE (t.tenant, t.vehicle_id) = (v.tenant, v.vehicle_id) AND started_at < $2
        ORDER BY started_at DESC LIMIT 1
    ) AS last
    WHERE v.tenant = $1 AND ($3::uuid IS NULL OR v.vehicle_id = $3) AND coalesce(last.ended_at, 'infinity'::timestamptz) > $2
"""


async def earliest_under_way(here: Here, instant: datetime, vehicle_id: UUID | None) -> datetime | None:
    """When the longest of the trips began that were under way at an instant; None where there was none.

    Args:
        vehicle_id: of this vehicle alone.
    """
    started_at: datetime | None = await here.db.fetchval(_EARLIEST, here.tenant, instant, vehicle_id)
    return started_at
