"""Which driver is assigned to which vehicle, as the fleet announced it."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from nexus_actors.database import Transaction

GRACE: Final = timedelta(minutes=15)
"""How long a driver may go on to report after the last delivery has ended: for what the phone has not sent yet, and for the
end of the trip. Another driver who takes the vehicle over ends it."""

_LINK = """
INSERT INTO drivers (tenant, driver_id, user_id) VALUES ($1, $2, $3)
ON CONFLICT (tenant, driver_id) DO UPDATE SET user_id = excluded.user_id
"""
_UNLINK = "DELETE FROM drivers WHERE tenant = $1 AND driver_id = $2"
_ASSIGN = """
INSERT INTO assignments (tenant, delivery_id, vehicle_id, driver_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
_FORGET_ENDED = "DELETE FROM assignments WHERE tenant = $1 AND vehicle_id = $2 AND ended_at IS NOT NULL"
_END = "UPDATE assignments SET ended_at = $3 WHERE tenant = $1 AND delivery_id = $2 AND ended_at IS NULL"
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


async def link(db: Transaction, tenant: str, driver_id: UUID, user_id: UUID | None) -> None:
    """Take note of the account that a driver logs in with; None where there is none."""
    if user_id is None:
        await db.execute(_UNLINK, tenant, driver_id)
    else:
        await db.execute(_LINK, tenant, driver_id, user_id)


async def assign(db: Transaction, tenant: str, delivery_id: UUID, vehicle_id: UUID, driver_id: UUID) -> None:
    """Take note that a vehicle and its driver took a delivery on."""
    await db.execute(_FORGET_ENDED, tenant, vehicle_id)
    await db.execute(_ASSIGN, tenant, delivery_id, vehicle_id, driver_id)


async def end(db: Transaction, tenant: str, delivery_id: UUID, now: datetime) -> None:
    """Take note that a delivery has ended."""
    await db.execute(_END, tenant, delivery_id, now)


async def may_report(db: Transaction, tenant: str, vehicle_id: UUID, user_id: UUID, now: datetime) -> bool:
    """Whether somebody is, or was until `GRACE` ago, the driver of a vehicle."""
    allowed: bool = await db.fetchval(_MAY_REPORT, tenant, vehicle_id, user_id, now - GRACE)
    return allowed
