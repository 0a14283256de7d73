"""How vehicles' devices are, as of what they sent last."""

from uuid import UUID

from bus import Instant
from modules.puabo_nexus.tracker.contract import DeviceState
from nexus_actors.tables import Here

_STATUS = """
SELECT v.device_id, h.heard_at, h.reasons, h.battery_pct, h.charging, h.ignition,
    p.received_at, p.battery_pct AS level_pct, p.charging AS charged, p.ignition AS running
FROM vehicles v LEFT JOIN heard h USING (tenant, vehicle_id) LEFT JOIN LATERAL (
    SELECT * FROM positions WHERE tenant = v.tenant AND vehicle_id = v.vehicle_id ORDER BY fix_at DESC LIMIT 1
) p ON true
WHERE v.tenant = $1 AND v.vehicle_id = $2
"""


class DeviceStatus(DeviceState, frozen=True, kw_only=True):
    """How a vehicle's device is, as of what it sent last.

    Attributes:
        heard_at: when that came in; None when nothing did.
        reasons: why it brought no position, such as ``marked_invalid``; empty where it brought one, and for a sign of life.
    """

    vehicle_id: UUID
    device_id: str | None
    heard_at: Instant | None
    reasons: tuple[str, ...] = ()


async def status(here: Here, vehicle_id: UUID) -> DeviceStatus | None:
    """How a vehicle's device is; None when there is no such vehicle."""
    row = await here.db.fetchrow(_STATUS, here.tenant, vehicle_id)
    if row is None:
        return None
    heard_at, received_at = row["heard_at"], row["received_at"]
    if received_at is None or (heard_at is not None and heard_at > received_at):
        said = heard_at, tuple(row["reasons"] or ()), row["battery_pct"], row["charging"], row["ignition"]
    else:
        said = received_at, (), row["level_pct"], row["charged"], row["running"]
    at, reasons, battery_pct, charging, ignition = said
    return DeviceStatus(
        vehicle_id=vehicle_id,
        device_id=row["device_id"],
        heard_at=at,
        reasons=reasons,
        battery_pct=battery_pct,
        charging=charging,
        ignition=ignition,
    )
