"""Reading trips."""

from datetime import datetime
from uuid import UUID

import msgspec

from bus import Instant
from modules.puabo_nexus.tracker.contract import Trip
from modules.puabo_nexus.tracker.queries.rows import TRIP_COLUMNS, trip_of_row
from nexus_actors import Database
from nexus_actors.http import PageQuery

_ONE = f"SELECT {TRIP_COLUMNS} FROM trips WHERE tenant = $1 AND trip_id = $2"  # noqa: S608 - constants
_PAGE = f"""
    SELECT {TRIP_COLUMNS} FROM trips WHERE tenant = $1
    AND ($2::uuid IS NULL OR vehicle_id = $2)
    AND started_at >= coalesce($3, '-infinity'::timestamptz) AND started_at < coalesce($4, 'infinity'::timestamptz)
    AND ($5::boolean IS NULL OR (ended_at IS NULL) = $5)
    AND ($6::timestamptz IS NULL OR (started_at, trip_id) < ($6, $7::uuid))
    ORDER BY started_at DESC, trip_id DESC LIMIT $8
"""  # noqa: S608 - constants


class TripQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which trips: those with ``from <= started_at < to``, the newest first.

    Attributes:
        vehicle_id: of this vehicle alone.
        open: only those that go on, or only those that have ended.
    """

    vehicle_id: UUID | None = None
    from_at: Instant | None = msgspec.field(default=None, name="from")
    to_at: Instant | None = msgspec.field(default=None, name="to")
    open: bool | None = None


async def page(db: Database, tenant: str, query: TripQuery, after: tuple[datetime, UUID] | None) -> list[Trip]:
    """The trips of a page, and one more where there are more."""
    started_at, trip_id = after if after is not None else (None, None)
    rows = await db.fetch(
        _PAGE, tenant, query.vehicle_id, query.from_at, query.to_at, query.open, started_at, trip_id, query.limit + 1
    )
    return [trip_of_row(row) for row in rows]


async def one(db: Database, tenant: str, trip_id: UUID) -> Trip | None:
    """A trip."""
    row = await db.fetchrow(_ONE, tenant, trip_id)
    return trip_of_row(row) if row is not None else None
