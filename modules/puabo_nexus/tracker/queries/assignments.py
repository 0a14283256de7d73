"""Which driver is assigned to which vehicle, as the fleet announced it."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from modules.puabo_nexus.fleet.contract import DeliveryAssigned
from modules.puabo_nexus.tracker.domain.periods import Period
from nexus_actors import Context

GRACE: Final = timedelta(minutes=15)
"""How long a driver may go on to report after the last delivery has ended: for what the phone has not sent yet, and for the
end of the trip. Another driver who takes the vehicle over ends it. What they report is of their time all the same."""

KEPT: Final = timedelta(days=30)
"""How long it is known who drove, for phones that were without signal."""

_FORGET_ENDED = "DELETE FROM assignments WHERE tenant = $1 AND vehicle_id = $2 AND ended_at < $3"
_ASSIGN = """
INSERT INTO assignments (tenant, delivery_id, vehicle_id, driver_id, assigned_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant, delivery_id, vehicle_id, driver_id, assigned_at) DO UPDATE SET ended_at = NULL
"""
_END = """
UPDATE assignments SET ended_at = $4 WHERE tenant = $1 AND delivery_id = $2 AND vehicle_id = $3 AND ended_at IS NULL
"""
_MINE = """
SELECT a.assigned_at, a.ended_at, a.ended_at IS NULL OR a.ended_at > $4 AND NOT EXISTS (
    SELECT FROM assignments o WHERE o.tenant = a.tenant AND o.vehicle_id = a.vehicle_id AND o.driver_id <> a.driver_id
    AND (o.ended_at IS NULL OR o.ended_at > a.ended_at)
) AS drives
FROM assignments a JOIN drivers d USING (tenant, driver_id)
WHERE a.tenant = $1 AND a.vehicle_id = $2 AND d.user_id = $3
"""


async def assign(ctx: Context, message: DeliveryAssigned) -> None:
    """Take note that a vehicle and its driver took a delivery on."""
    await ctx.db.execute(_FORGET_ENDED, ctx.tenant, message.vehicle_id, ctx.now - KEPT)
    of_delivery = ctx.tenant, message.delivery_id, message.vehicle_id, message.driver_id
    await ctx.db.execute(_ASSIGN, *of_delivery, message.assigned_at or ctx.received_at)


async def end(ctx: Context, delivery_id: UUID, vehicle_id: UUID | None) -> None:
    """Take note that a vehicle carries a delivery no more."""
    await ctx.db.execute(_END, ctx.tenant, delivery_id, vehicle_id, ctx.now)


async def periods(ctx: Context, vehicle_id: UUID, user_id: UUID) -> list[Period]:
    """The times for which somebody may report who is, or was until `GRACE` ago, the driver of a vehicle; none for others."""
    rows = await ctx.db.fetch(_MINE, ctx.tenant, vehicle_id, user_id, ctx.now - GRACE)
    if not any(row["drives"] for row in rows):
        return []
    return [Period(row["assigned_at"], None if row["ended_at"] is None else row["ended_at"] + GRACE) for row in rows]
