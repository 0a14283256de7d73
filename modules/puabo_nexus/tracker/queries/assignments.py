"""Which driver is assigned to which vehicle, as the fleet announced it."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from modules.puabo_nexus.fleet.contract import DeliveryAssigned
from nexus_actors import Context

GRACE: Final = timedelta(minutes=15)
"""How long a driver may go on to report after the last delivery has ended: for what the phone has not sent yet, and for the
end of the trip. Another driver who takes the vehicle over ends it."""

_FORGET_ENDED = "DELETE FROM assignments WHERE tenant = $1 AND vehicle_id = $2 AND ended_at IS NOT NULL"
_ASSIGN = """
INSERT INTO assignments (tenant, delivery_id, vehicle_id, driver_id) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant, delivery_id, vehicle_id) DO UPDATE SET driver_id = excluded.driver_id, ended_at = NULL
"""
_END = """
UPDATE assignments SET ended_at = $4 WHERE tenant = $1 AND delivery_id = $2 AND vehicle_id = $3 AND ended_at IS NULL
"""
_MAY_REPORT = """
SELECT EXISTS (
    SELECT FROM assignments a JOIN drivers d USING (tenant, driver_id)
    WHERE a.tenant = $1 AND a.vehicle_id = $2 AND d.user_id = $3 AND (
        a.ended_at IS NULL
        OR a.ended_at > $4 AND NOT EXISTS (
            SELECT FROM assignments o
            WHERE o.tenant = a.tenant AND o.vehicle_id = a.vehicle_id AND o.driver_id <> a.driver_id AND o.ended_at IS NULL
        )
    )
)
"""


async def assign(ctx: Context, message: DeliveryAssigned) -> None:
    """Take note that a vehicle and its driver took a delivery on."""
    await ctx.db.execute(_FORGET_ENDED, ctx.tenant, message.vehicle_id)
    await ctx.db.execute(_ASSIGN, ctx.tenant, message.delivery_id, message.vehicle_id, message.driver_id)


async def end(ctx: Context, delivery_id: UUID, vehicle_id: UUID | None) -> None:
    """Take note that a vehicle carries a delivery no more."""
    await ctx.db.execute(_END, ctx.tenant, delivery_id, vehicle_id, ctx.now)


async def may_report(ctx: Context, vehicle_id: UUID, user_id: UUID) -> bool:
    """Whether somebody is, or was until `GRACE` ago, the driver of a vehicle."""
    allowed: bool = await ctx.db.fetchval(_MAY_REPORT, ctx.tenant, vehicle_id, user_id, ctx.now - GRACE)
    return allowed
