"""Engagements: which driver drives which vehicle while deliveries are under way.

An assignment concerns three keys (delivery, vehicle, driver) and is decided in the delivery's turn alone, on the rows of all
three. Whoever makes, ends or forbids an engagement first locks the row of the vehicle, then that of the driver, and reads the
rest afterwards; where a delivery passes on to others, both vehicles in the order of their ids, then both drivers. So two
assignments of one vehicle or driver, or an assignment and a retirement, come one after the other, whichever workers they run
on.

One turn takes its locks in that order and cannot wait in a circle with another one. A batch of turns shares a transaction,
and two batches may meet crosswise; PostgreSQL then fails one of them, and the runtime repeats it turn by turn.
"""

from uuid import UUID

from bus import Refusal
from modules.puabo_nexus.fleet.contract import Driver, Vehicle
from modules.puabo_nexus.fleet.tables import DRIVERS, VEHICLES
from nexus_actors import Context

_PAIRS = "SELECT vehicle_id, driver_id FROM engagements WHERE tenant = $1 AND (vehicle_id = $2 OR driver_id = $3)"
_ENGAGE = "INSERT INTO engagements (tenant, vehicle_id, driver_id, since) VALUES ($1, $2, $3, $4)"
_RELEASE = """
DELETE FROM engagements AS pair WHERE tenant = $1 AND vehicle_id = $2 AND NOT EXISTS (
    SELECT FROM deliveries
    WHERE tenant = pair.tenant AND vehicle_id = pair.vehicle_id AND status IN ('assigned', 'at_pickup', 'picked_up')
    AND delivery_id <> $3
)
"""
_VEHICLE_ENGAGED = "SELECT EXISTS (SELECT FROM engagements WHERE tenant = $1 AND vehicle_id = $2)"
_DRIVER_ENGAGED = "SELECT EXISTS (SELECT FROM engagements WHERE tenant = $1 AND driver_id = $2)"


async def engage(ctx: Context, vehicle_id: UUID, driver_id: UUID) -> None:
    """Put a driver on a vehicle, or leave them on it.

    Raises:
        Refusal: one of them is not there or is retired, the vehicle has another driver, or the driver drives another vehicle.
    """
    _check_member("vehicle", await VEHICLES.lock(ctx, vehicle_id))
    _check_member("driver", await DRIVERS.lock(ctx, driver_id))
    pairs = await ctx.db.fetch(_PAIRS, ctx.tenant, vehicle_id, driver_id)
    for pair in pairs:
        if pair["driver_id"] != driver_id:
            detail = f"The vehicle is driven by driver {pair['driver_id']} until its deliveries end. Give the delivery to them."
            raise Refusal.conflict("vehicle_engaged", detail)
        if pair["vehicle_id"] != vehicle_id:
            detail = f"The driver drives vehicle {pair['vehicle_id']} until its deliveries end. Take it or another driver."
            raise Refusal.conflict("driver_engaged", detail)
    if not pairs:
        await ctx.db.execute(_ENGAGE, ctx.tenant, vehicle_id, driver_id, ctx.now)


async def lock_pairs(ctx: Context, *pairs: tuple[UUID, UUID]) -> None:
    """Lock the rows of vehicles and their drivers. Comes before the delivery that ends or passes on is written."""
    for vehicle_id in sorted({vehicle_id for vehicle_id, _ in pairs}):
        await VEHICLES.lock(ctx, vehicle_id)
    for driver_id in sorted({driver_id for _, driver_id in pairs}):
        await DRIVERS.lock(ctx, driver_id)


async def release(ctx: Context, vehicle_id: UUID, delivery_id: UUID) -> None:
    """Part a vehicle, locked by `lock_pairs`, and its driver, unless they have more to deliver than this delivery."""
    await ctx.db.execute(_RELEASE, ctx.tenant, vehicle_id, delivery_id)


async def is_vehicle_engaged(ctx: Context, vehicle_id: UUID) -> bool:
    """Whether a vehicle carries deliveries. Its row is locked, so that none is assigned to it before the turn ends."""
    await VEHICLES.lock(ctx, vehicle_id)
    engaged: bool = await ctx.db.fetchval(_VEHICLE_ENGAGED, ctx.tenant, vehicle_id)
    return engaged


async def is_driver_engaged(ctx: Context, driver_id: UUID) -> bool:
    """Whether a driver carries deliveries. Their row is locked, so that none is assigned to them before the turn ends."""
    await DRIVERS.lock(ctx, driver_id)
    engaged: bool = await ctx.db.fetchval(_DRIVER_ENGAGED, ctx.tenant, driver_id)
    return engaged


def _check_member(what: str, member: Vehicle | Driver | None) -> None:
    if member is None:
        raise Refusal.not_found(f"{what}_not_found", f"There is no {what} with this id. Look it up in the list.")
    if member.status == "retired":
        raise Refusal.conflict(f"{what}_retired", f"The {what} is retired. Take another one.")
