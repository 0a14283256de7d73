"""Deliveries as they stand, and what happened to them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from modules.puabo_nexus.fleet.contract import Delivery, Place, TimelineEntry
from modules.puabo_nexus.fleet.domain.progress import Progress
from modules.puabo_nexus.fleet.queries.cursor import AgeCursor, SeqCursor
from modules.puabo_nexus.fleet.queries.selection import Selection
from nexus_actors.database import Reader, Row

_PLAIN = (
    "delivery_id, status, vehicle_id, driver_id, requested_at, assigned_at, arrived_at, picked_up_at, delivered_at, "
    "cancelled_at, cancel_reason, version"
)
DELIVERY = (
    f"{_PLAIN}, pickup_name, pickup_lat, pickup_lon, pickup_radius_m, "
    "dropoff_name, dropoff_lat, dropoff_lon, dropoff_radius_m, crossed_at"
)
"""The columns that make a `Delivery` and its `Progress`."""

_FIELDS = _PLAIN.split(", ")
_ENTRY = "seq, kind, happened_at, recorded_at, caused_by, detail"
_ONE = f"SELECT {DELIVERY} FROM deliveries WHERE tenant = $1 AND delivery_id = $2"  # noqa: S608 - columns of ours
_MANY = Selection("deliveries", DELIVERY, ("requested_at", "delivery_id"), newest_first=True)
_TIMELINE = Selection("delivery_timeline", _ENTRY, ("seq",))


async def delivery(db: Reader, tenant: str, delivery_id: UUID) -> Delivery | None:
    """One delivery."""
    row = await db.fetchrow(_ONE, tenant, delivery_id)
    return None if row is None else delivery_of(row)


async def delivery_with_progress(db: Reader, tenant: str, delivery_id: UUID) -> tuple[Delivery, Progress] | None:
    """One delivery, and how far it has come."""
    row = await db.fetchrow(_ONE, tenant, delivery_id)
    return None if row is None else (delivery_of(row), progress_of(row))


async def deliveries(
    db: Reader, tenant: str, where: Mapping[str, object | None], *, after: AgeCursor | None, limit: int
) -> Sequence[Delivery]:
    """Deliveries, the latest request first.

    Args:
        where: what ``status``, ``vehicle_id`` and ``driver_id`` must be; None lets all through.
    """
    return [delivery_of(row) for row in await _MANY.read(db, {"tenant": tenant, **where}, after=after, limit=limit)]


async def timeline(
    db: Reader, tenant: str, delivery_id: UUID, *, after: SeqCursor | None, limit: int
) -> Sequence[TimelineEntry]:
    """What happened to a delivery, in the order of recording."""
    rows = await _TIMELINE.read(db, {"tenant": tenant, "delivery_id": delivery_id}, after=after, limit=limit)
    return [TimelineEntry(**dict(row)) for row in rows]


def delivery_of(row: Row) -> Delivery:
    """The delivery that a row of the columns `DELIVERY` is."""
    plain: dict[str, Any] = {field: row[field] for field in _FIELDS}
    return Delivery(pickup=_place_of(row, "pickup"), dropoff=_place_of(row, "dropoff"), **plain)


def progress_of(row: Row) -> Progress:
    """How far the delivery has come that a row of the columns `DELIVERY` is."""
    return Progress(
        status=row["status"],
        vehicle_id=row["vehicle_id"],
        assigned_at=row["assigned_at"],
        crossed_at=row["crossed_at"],
    )


def _place_of(row: Row, which: str) -> Place:
    return Place(
        name=row[f"{which}_name"],
        lat=row[f"{which}_lat"],
        lon=row[f"{which}_lon"],
        radius_m=row[f"{which}_radius_m"],
    )
