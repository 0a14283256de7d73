"""Deliveries: from the request over the assignment to the end, moved on by what the vehicle is seen to do."""

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from bus import FieldError, Refusal
from modules.puabo_nexus.fleet.actors.engagement import engage, lock_pair, release
from modules.puabo_nexus.fleet.actors.timeline import note
from modules.puabo_nexus.fleet.contract import (
    AssignDelivery,
    CancelDelivery,
    Delivery,
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryRequested,
    RequestDelivery,
)
from modules.puabo_nexus.fleet.domain.milestone import news_of, passed
from modules.puabo_nexus.fleet.domain.progress import Crossing, Ignored, Progress, Sighting, judge, steps
from modules.puabo_nexus.fleet.tables import DELIVERIES
from modules.puabo_nexus.location.contract import DeliveryPlaceLeft, DeliveryPlaceReached
from nexus_actors import Actor, Context, handles

_REACHED: dict[str, Crossing] = {"pickup": "reached_pickup", "dropoff": "reached_dropoff"}
_LEFT: dict[str, Crossing] = {"pickup": "left_pickup", "dropoff": "left_dropoff"}
_WITH_PROGRESS = f"""
SELECT {DELIVERIES.columns}, crossed_at FROM deliveries WHERE tenant = $1 AND delivery_id = $2
"""  # noqa: S608 - columns of ours


class DeliveryActor(Actor[None]):
    """One delivery. Its row is the truth; nothing is kept beside it."""

    @handles
    async def request(self, message: RequestDelivery, ctx: Context) -> Delivery:
        """Take the request down."""
        new = await DELIVERIES.add(ctx, message.made(status="requested", requested_at=ctx.now))
        await note(ctx, new.delivery_id, "requested", ctx.now)
        ctx.publish(DeliveryRequested(delivery_id=new.delivery_id, pickup=new.pickup, dropoff=new.dropoff))
        return new

    @handles
    async def assign(self, message: AssignDelivery, ctx: Context) -> Delivery:
        """Give it to a vehicle and its driver."""
        old = await DELIVERIES.expect(ctx, message)
        if not steps(old.status, "assign"):
            detail = f"The delivery is {_said(old)}. Only one that is requested can be assigned; request it anew."
            raise Refusal.conflict("delivery_not_assignable", detail)
        assigned_at = _not_in_future(message.assigned_at or ctx.now, ctx.now)
        await engage(ctx, message.vehicle_id, message.driver_id)
        carried = replace(old, status="assigned", vehicle_id=message.vehicle_id, driver_id=message.driver_id)
        new = await DELIVERIES.change(ctx, old, replace(carried, assigned_at=assigned_at))
        await note(ctx, new.delivery_id, "assigned", assigned_at)
        ctx.publish(
            DeliveryAssigned(
                delivery_id=new.delivery_id,
                vehicle_id=message.vehicle_id,
                driver_id=message.driver_id,
                pickup=new.pickup,
                dropoff=new.dropoff,
                assigned_at=assigned_at,
            )
        )
        return new

    @handles
    async def cancel(self, message: CancelDelivery, ctx: Context) -> Delivery:
        """End it, unless it has ended."""
        old = await DELIVERIES.expect(ctx, message)
        if not steps(old.status, "cancel"):
            raise Refusal.conflict("delivery_ended", f"The delivery is {_said(old)}. Nothing is left to cancel.")
        ended = replace(old, status="cancelled", cancelled_at=ctx.now, cancel_reason=message.reason)
        new = await _end(ctx, old, ended)
        await note(ctx, new.delivery_id, "cancelled", ctx.now, detail=message.reason)
        ctx.publish(DeliveryCancelled(delivery_id=new.delivery_id, vehicle_id=new.vehicle_id, reason=message.reason))
        return new

    @handles
    async def place_reached(self, message: DeliveryPlaceReached, ctx: Context) -> None:
        """Its vehicle came to one of its places."""
        await _see(ctx, message.delivery_id, _sighting(_REACHED[message.place], message))

    @handles
    async def place_left(self, message: DeliveryPlaceLeft, ctx: Context) -> None:
        """Its vehicle went away from one of its places."""
        await _see(ctx, message.delivery_id, _sighting(_LEFT[message.place], message))


async def _see(ctx: Context, delivery_id: UUID, sighting: Sighting) -> None:
    """Follow a sighting, or write down why not. It never fails for what it says: that would hold up all that comes after."""
    row = await ctx.db.fetchrow(_WITH_PROGRESS, ctx.tenant, delivery_id)
    if row is None:
        ctx.log.info("crossing_of_unknown_delivery", delivery_id=str(delivery_id), crossing=sighting.crossing)
        return
    old = DELIVERIES.value(row)
    progress = Progress(status=old.status, vehicle_id=old.vehicle_id, assigned_at=old.assigned_at, crossed_at=row["crossed_at"])
    verdict = judge(progress, sighting)
    if isinstance(verdict, Ignored):
        ctx.log.info("crossing_ignored", delivery_id=str(delivery_id), crossing=sighting.crossing, why=verdict.why)
        await note(ctx, delivery_id, "ignored", sighting.crossed_at, detail=verdict.why)
        return
    new = passed(old, verdict.statuses, sighting.crossed_at)
    if new.status == "delivered":
        await _end(ctx, old, new, crossed_at=sighting.crossed_at)
    else:
        await DELIVERIES.change(ctx, old, new, crossed_at=sighting.crossed_at)
    for status in verdict.statuses:
        await note(ctx, delivery_id, status, sighting.crossed_at)
        ctx.publish(news_of(new, status, sighting.crossed_at))


async def _end(ctx: Context, old: Delivery, ended: Delivery, **hidden: datetime) -> Delivery:
    """Write a delivery that has ended, and free its vehicle and driver if it was their last."""
    if ended.vehicle_id is None or ended.driver_id is None:
        return await DELIVERIES.change(ctx, old, ended, **hidden)
    await lock_pair(ctx, ended.vehicle_id, ended.driver_id)
    new = await DELIVERIES.change(ctx, old, ended, **hidden)
    await release(ctx, ended.vehicle_id)
    return new


def _sighting(crossing: Crossing, message: DeliveryPlaceReached | DeliveryPlaceLeft) -> Sighting:
    return Sighting(crossing=crossing, vehicle_id=message.vehicle_id, crossed_at=message.crossed_at)


def _not_in_future(instant: datetime, now: datetime) -> datetime:
    if instant > now:
        field = FieldError("$.assigned_at", f"It is later than now ({now.isoformat()}). Leave it out to assign from now on.")
        raise Refusal.invalid("assigned_in_future", "A delivery cannot be assigned from a later instant on.", field)
    return instant


def _said(delivery: Delivery) -> str:
    return delivery.status.replace("_", " ")
