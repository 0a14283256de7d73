"""The history of who crossed which fence when."""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from msgspec import Struct

from modules.puabo_nexus.location.contract import Cause, DeliveryPlace
from nexus_actors.database import Reader

_COLUMNS = (
    "seq, vehicle_id, geofence_id, geofence_version, delivery_id, place, name, direction, cause, crossed_at, lat, lon, fix_at"
)


class CrossingCursor(NamedTuple):
    """What the history is ordered by."""

    crossed_at: datetime
    seq: int


class CrossingRecord(Struct, frozen=True, kw_only=True):
    """A vehicle came into a geofence or a place of a delivery, or left it.

    Attributes:
        seq: grows in the order of recording; orders crossings of one instant.
        geofence_id: what was crossed, with its version then; null where it was a place of a delivery.
        name: of the fence or place then.
        crossed_at: interpolated between two fixes where ``cause`` is ``crossed``.
        fix_at: the fix that showed it.
    """

    seq: int
    vehicle_id: UUID
    geofence_id: UUID | None
    geofence_version: int | None
    delivery_id: UUID | None
    place: DeliveryPlace | None
    name: str
    direction: Literal["entered", "exited"]
    cause: Cause
    crossed_at: datetime
    lat: float
    lon: float
    fix_at: datetime


class CrossingFilter(Struct, frozen=True, kw_only=True):
    """Which crossings are wanted; what is None lets all through.

    Attributes:
        earliest: the first instant that is wanted.
        before: the first one after it that is not.
    """

    vehicle_id: UUID | None = None
    geofence_id: UUID | None = None
    delivery_id: UUID | None = None
    earliest: datetime | None = None
    before: datetime | None = None


async def crossings(
    db: Reader, tenant: str, wanted: CrossingFilter, *, after: CrossingCursor | None, limit: int
) -> list[CrossingRecord]:
    """Crossings in the order of time."""
    conditions, args = ["tenant = $1"], [tenant, limit]
    comparisons = (
        ("vehicle_id =", wanted.vehicle_id),
        ("geofence_id =", wanted.geofence_id),
        ("delivery_id =", wanted.delivery_id),
        ("crossed_at >=", wanted.earliest),
        ("crossed_at <", wanted.before),
    )
    for comparison, value in comparisons:
        if value is not None:
            args.append(value)
            conditions.append(f"{comparison} ${len(args)}")
    if after is not None:
        args.extend(after)
        conditions.append(f"(crossed_at, seq) > (${len(args) - 1}, ${len(args)})")
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM crossings WHERE {' AND '.join(conditions)} "  # noqa: S608 - no value is in it
        "ORDER BY crossed_at, seq LIMIT $2",
        *args,
    )
    return [CrossingRecord(**dict(row)) for row in rows]
