"""Reading where vehicles were."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from bus import Instant
from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.queries.fixes import FIX_COLUMNS, fix_of
from nexus_actors.tables import Here

SLICE = 1000

_RANGE = f"""
    SELECT {FIX_COLUMNS} FROM positions WHERE tenant = $1 AND vehicle_id = $2
    AND fix_at >= coalesce($3, '-infinity'::timestamptz) AND fix_at < coalesce($4, 'infinity'::timestamptz)
    AND fix_at > coalesce($5, '-infinity'::timestamptz) ORDER BY fix_at LIMIT $6
"""  # noqa: S608 - constants
_LAST = f"""
    SELECT {FIX_COLUMNS}, received_at,
        (SELECT trip_id FROM trips t WHERE t.tenant = $1 AND t.vehicle_id = $2 AND ended_at IS NULL LIMIT 1) AS trip_id,
        (SELECT coalesce(sum(distance_m), 0) FROM trips t WHERE t.tenant = $1 AND t.vehicle_id = $2)
        + coalesce((SELECT erased_m FROM vehicles v WHERE v.tenant = $1 AND v.vehicle_id = $2), 0) AS odometer_m
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
        odometer_m: length of all its trips, erased ones among them, the open one as far as it has come.
    """

    vehicle_id: UUID
    fix: Fix
    received_at: Instant
    trip_id: UUID | None
    odometer_m: float


async def within(here: Here, vehicle_id: UUID, span: TimeRange, after: datetime | None, limit: int) -> list[Fix]:
    """Up to ``limit`` of a vehicle's fixes in a range, beyond an instant."""
    rows = await here.db.fetch(_RANGE, here.tenant, vehicle_id, span.from_at, span.to_at, after, limit)
    return [fix_of(row) for row in rows]


async def slices(here: Here, vehicle_id: UUID, span: TimeRange) -> AsyncIterator[list[Fix]]:
    """A vehicle's fixes in a range, however many, slice by slice. Each is read when it is asked for, on a free connection."""
    after: datetime | None = None
    while fixes := await within(here, vehicle_id, span, after, SLICE):
        yield fixes
        after = fixes[-1].fix_at


async def last(here: Here, vehicle_id: UUID) -> LastPosition | None:
    """A vehicle's newest fix."""
    row = await here.db.fetchrow(_LAST, here.tenant, vehicle_id)
    if row is None:
        return None
    more = {name: row[name] for name in ("received_at", "trip_id", "odometer_m")}
    return LastPosition(vehicle_id=vehicle_id, fix=fix_of(row), **more)
