"""How deliveries and their timelines are written. Each is written in the delivery's own turns alone."""

from datetime import datetime
from uuid import UUID

from modules.puabo_nexus.fleet.contract import Delivery, Place, TimelineKind
from nexus_actors import Context

_INSERT = """
INSERT INTO deliveries (tenant, delivery_id, status, requested_at, version,
    pickup_name, pickup_lat, pickup_lon, pickup_radius_m, dropoff_name, dropoff_lat, dropoff_lon, dropoff_radius_m)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
_UPDATE = """
UPDATE deliveries SET status = $3, vehicle_id = $4, driver_id = $5, assigned_at = $6, arrived_at = $7, picked_up_at = $8,
    delivered_at = $9, cancelled_at = $10, cancel_reason = $11, version = $12, crossed_at = coalesce($13, crossed_at)
WHERE tenant = $1 AND delivery_id = $2
"""
_NOTE = """
INSERT INTO delivery_timeline (tenant, delivery_id, seq, kind, happened_at, recorded_at, caused_by, detail)
SELECT $1, $2, coalesce(max(seq), 0) + 1, $3, $4, $5, $6, $7 FROM delivery_timeline WHERE tenant = $1 AND delivery_id = $2
"""


async def insert(ctx: Context, delivery: Delivery) -> None:
    """Write a delivery that is new."""
    await ctx.db.execute(
        _INSERT,
        ctx.tenant,
        delivery.delivery_id,
        delivery.status,
        delivery.requested_at,
        delivery.version,
        *_columns(delivery.pickup),
        *_columns(delivery.dropoff),
    )


async def update(ctx: Context, delivery: Delivery, crossed_at: datetime | None = None) -> None:
    """Write a delivery that has changed.

    Args:
        crossed_at: the instant of the crossing that changed it, where it was one.
    """
    await ctx.db.execute(
        _UPDATE,
        ctx.tenant,
        delivery.delivery_id,
        delivery.status,
        delivery.vehicle_id,
        delivery.driver_id,
        delivery.assigned_at,
        delivery.arrived_at,
        delivery.picked_up_at,
        delivery.delivered_at,
        delivery.cancelled_at,
        delivery.cancel_reason,
        delivery.version,
        crossed_at,
    )


async def note(
    ctx: Context, delivery_id: UUID, kind: TimelineKind, happened_at: datetime, *, detail: str | None = None
) -> None:
    """Add to the timeline what happened, and who sent the command that caused it."""
    caused_by = None if ctx.principal is None else ctx.principal.subject
    await ctx.db.execute(_NOTE, ctx.tenant, delivery_id, kind, happened_at, ctx.now, caused_by, detail)


def _columns(place: Place) -> tuple[str, float, float, int]:
    return place.name, place.lat, place.lon, place.radius_m
