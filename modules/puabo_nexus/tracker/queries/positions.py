"""Reading where vehicles were."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from bus import Instant
from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.queries.fixes import FIX_COLUMNS, fix_of
from nexus_actors.tables import Here

MAX_EXPORTED = 100_000

_RANGE = f"""
    SELECT {FIX_COLUMNS} FROM positions WHERE tenant = $1 AND vehicle_id = $2
    AND fix_at >= coalesce($3, '-infinity'::timestamptz) AND fix_at < coalesce($4, 'infinity'::timestamptz)
    AND fix_at > coalesce($5, '-infinity'::timestamptz) ORDER BY fix_at LIMIT $6
"""  # noqa: S608 - constants
_TRIP = f"""
    SELECT {", ".join(f"p.{name}" for name in FIX_COLUMNS.split(", "))} FROM trips t JOIN positions p
    ON (p.tenant, p.vehicle_id) = (t.tenant, t.vehicle_id)
    AND p.fix_at >= t.started_at AND (t.ended_at IS NULL OR p.fix_at <= t.ended_at)
    WHERE t.tenant = $1 AND t.trip_id = $2 ORDER BY p.fix_at LIMIT $3
"""  # noqa: S608 - constants
_LAST = f"""
    SELECT {FIX_COLUMNS}, received_at,
        (SELECT trip_id FROM trips t WHERE t.tenant = $1 AND t.vehicle_id = $2 AND ended_at IS NULL LIMIT 1) AS trip_id,
        (SELECT coalesce(sum(distance_m), 0) FROM trips t WHERE t.tenant = $1 AND t.vehicle_id = $2) AS odometer_m
    FROM positions WHERE tenant = $1 AND vehicle_id = $2 ORDER BY fix_at DESC LIMIT 1
"""  # noqa: S608 - constants


class TimeRange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the time line: ``from <= fix_at < to``; what is left out is open."""

    from_at: Instant | None = msgspec.field(default=None, name="from")
    to_at: Instant | None = msgspec.field(default=None, name="to")


class LastPosition(Struct, frozen=True, kw_only=True):
    """The newest fix of a vehicle.

    Attributes:
        received_at: when it came in.
        trip_id: the trip that the vehicle is on.
        odometer_m: length of all its trips, the open one as far as it has come.
    """

    vehicle_id: UUID
    fix: Fix
    received_at: Instant
    trip_id: UUID | None
    odometer_m: float


async def within(
    here: Here, vehicle_id: UUID, span: TimeRange, after: datetime | None = None, limit: int = MAX_EXPORTED
) -> list[Fix]:
    """A vehicle's fixes in a range, beyond an instant, and one more than ``limit`` where there are more."""
    rows = await here.db.fetch(_RANGE, here.tenant, vehicle_id, span.from_at, span.to_at, after, limit + 1)
    return [fix_of(row) for row in rows]


async def of_trip(here: Here, trip_id: UUID) -> list[Fix]:
    """The fixes of a trip, at most one more than `MAX_EXPORTED`."""
    return [fix_of(row) for row in await here.db.fetch(_TRIP, here.tenant, trip_id, MAX_EXPORTED + 1)]


async def last(here: Here, vehicle_id: UUID) -> LastPosition | None:
    """A vehicle's newest fix."""
    row = await here.db.fetchrow(_LAST, here.tenant, vehicle_id)
    if row is None:
        return None
    more = {name: row[name] for name in ("received_at", "trip_id", "odometer_m")}
    return LastPosition(vehicle_id=vehicle_id, fix=fix_of(row), **more)
