"""Deliveries: from the request over the assignment to the end, moved on by what the vehicle is seen to do."""

from datetime import datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from bus import FieldError, Refusal
from modules.puabo_nexus.fleet.actors.engagement import engage, lock_pairs, release
from modules.puabo_nexus.fleet.actors.timeline import note
from modules.puabo_nexus.fleet.contract import (
    ArriveForDelivery,
    AssignDelivery,
    CancelDelivery,
    CompleteDelivery,
    CountDeliveryVisit,
    Delivery,
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryRequested,
    DeliveryStatus,
    DeliveryTakenBack,
    DeliveryUnassigned,
    PickUpDelivery,
    RequestDelivery,
    TakeBackDelivery,
    UnassignDelivery,
)
from modules.puabo_nexus.fleet.domain.milestone import news_of, passed, taken_back
from modules.puabo_nexus.fleet.domain.progress import (
    ORDER,
    ByHand,
    Crossing,
    Ignored,
    PassedBy,
    Sighting,
    Waits,
    judge,
    progress_of,
    steps,
)
from modules.puabo_nexus.fleet.tables import DELIVERIES
from modules.puabo_nexus.location.contract import DeliveryPlaceLeft, DeliveryPlaceReached
from nexus_actors import Actor, Context, handles

_REACHED: dict[str, Crossing] = {"pickup": "reached_pickup", "dropoff": "reached_dropoff"}
_LEFT: dict[str, Crossing] = {"pickup": "left_pickup", "dropoff": "left_dropoff"}
_WITH_PROGRESS = f"""
SELECT {DELIVERIES.columns}, crossed_at, by_hand_at, dropoff_at FROM deliveries WHERE tenant = $1 AND delivery_id = $2
"""  # noqa: S608 - columns of ours
_NOTE_DROPOFF = "UPDATE deliveries SET crossed_at = $3, dropoff_at = $4 WHERE tenant = $1 AND delivery_id = $2"
_VISIT_TIMER = "visit"


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
        """Give it to a vehicle and its driver, in place of those that have it."""
        old = await DELIVERIES.expect(ctx, message)
        statuses = steps(old.status, "assign")
        if not statuses or (old.vehicle_id, old.driver_id) == (message.vehicle_id, message.driver_id):
            others = "" if not statuses else " to this vehicle and driver"
            detail = f"The delivery is {_said(old)}{others}. One that has not ended can be assigned to others than have it."
            raise Refusal.conflict("delivery_not_assignable", detail)
        assigned_at = _not_in_future(message.assigned_at or ctx.now, ctx.now)
        await _part(ctx, old, (message.vehicle_id, message.driver_id), reason="It is given to others.")
        await engage(ctx, message.vehicle_id, message.driver_id)
        carried = replace(old, vehicle_id=message.vehicle_id, driver_id=message.driver_id, assigned_at=assigned_at)
        new = await DELIVERIES.change(ctx, old, taken_back(carried, statuses[-1]), crossed_at=None)
        await note(ctx, new.delivery_id, "assigned", assigned_at)
        ctx.publish(_assignment(new))
        return new

    @handles
    async def unassign(self, message: UnassignDelivery, ctx: Context) -> Delivery:
        """Take it from those that have it."""
        old = await DELIVERIES.expect(ctx, message)
        if not steps(old.status, "unassign"):
            raise _impossible(old, "Nobody carries it.")
        await _part(ctx, old, reason=message.reason)
        free = replace(taken_back(old, "requested"), vehicle_id=None, driver_id=None, assigned_at=None)
        return await DELIVERIES.change(ctx, old, free, crossed_at=None)

    @handles
    async def arrive(self, message: ArriveForDelivery, ctx: Context) -> Delivery:
        """Somebody says that its vehicle is at the pick-up place."""
        return await _step(ctx, message, "arrive")

    @handles
    async def pick_up(self, message: PickUpDelivery, ctx: Context) -> Delivery:
        """Somebody says that its goods are on the vehicle."""
        return await _step(ctx, message, "pick_up")

    @handles
    async def complete(self, message: CompleteDelivery, ctx: Context) -> Delivery:
        """Somebody says that it is delivered."""
        return await _step(ctx, message, "complete")

    @handles
    async def take_back(self, message: TakeBackDelivery, ctx: Context) -> Delivery:
        """Steps of it were wrong."""
        old = await DELIVERIES.expect(ctx, message)
        if old.status not in ORDER or ORDER.index(message.to) >= ORDER.index(old.status):
            raise _impossible(old, f"It has not gone on from {message.to.replace('_', ' ')}.")
        new = taken_back(old, message.to)
        if old.status == "delivered" and new.vehicle_id is not None and new.driver_id is not None:
            await engage(ctx, new.vehicle_id, new.driver_id)
            ctx.publish(_assignment(new))
        return await _take_back(ctx, old, new, ctx.now, message.reason, by_hand_at=ctx.now)

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

    @handles
    async def count_visit(self, message: CountDeliveryVisit, ctx: Context) -> None:
        """Deliver it, unless its vehicle has left the drop-off place or somebody has said otherwise."""
        row = await ctx.db.fetchrow(_WITH_PROGRESS, ctx.tenant, message.delivery_id)
        if row is None:
            return
        old = DELIVERIES.value(row)
        statuses = steps(old.status, "reached_dropoff")
        if statuses and row["crossed_at"] == row["dropoff_at"] == message.came_at:
            await _advance(ctx, old, statuses, message.came_at)


async def _see(ctx: Context, delivery_id: UUID, sighting: Sighting) -> None:
    """Follow a sighting, or write down why not. It never fails for what it says: that would hold up all that comes after."""
    row = await ctx.db.fetchrow(_WITH_PROGRESS, ctx.tenant, delivery_id)
    if row is None:
        ctx.log.info("crossing_of_unknown_delivery", delivery_id=str(delivery_id), crossing=sighting.crossing)
        return
    old = DELIVERIES.value(row)
    verdict = judge(progress_of(old, row["crossed_at"], row["by_hand_at"], row["dropoff_at"]), sighting)
    if isinstance(verdict, Ignored):
        ctx.log.info("crossing_ignored", delivery_id=str(delivery_id), crossing=sighting.crossing, why=verdict.why)
        await note(ctx, delivery_id, "ignored", sighting.crossed_at, detail=verdict.why)
        if verdict.drove_on:
            await ctx.db.execute(_NOTE_DROPOFF, ctx.tenant, delivery_id, sighting.crossed_at, None)
    elif isinstance(verdict, Waits):
        came_at = sighting.crossed_at
        await ctx.db.execute(_NOTE_DROPOFF, ctx.tenant, delivery_id, came_at, came_at)
        # By the clock: of a drive that is reported late, that it left comes with it.
        due_at = ctx.now + timedelta(seconds=verdict.visit_s)
        ctx.schedule(CountDeliveryVisit(delivery_id=delivery_id, came_at=came_at), due_at, _VISIT_TIMER)
    elif isinstance(verdict, PassedBy):
        await _take_back(ctx, old, taken_back(old, "assigned"), sighting.crossed_at, verdict.why)
    else:
        await _advance(ctx, old, verdict.statuses, verdict.at or sighting.crossed_at)


async def _step(ctx: Context, message: ArriveForDelivery | PickUpDelivery | CompleteDelivery, step: ByHand) -> Delivery:
    """Make a step that somebody has said."""
    old = await DELIVERIES.expect(ctx, message)
    statuses = steps(old.status, step)
    if not statuses:
        raise _impossible(old, "Assign it, or take back what was wrong, and say it again.")
    at = message.at or ctx.now
    last = max(instant for instant in (old.assigned_at, old.arrived_at, old.picked_up_at) if instant is not None)
    if message.at is not None and not last <= at <= ctx.now:
        field = FieldError("$.at", f"Give an instant from {last.isoformat()}, the step before, to now, {ctx.now.isoformat()}.")
        raise Refusal.invalid("step_out_of_order", "A step is made after the one before it and not in the future.", field)
    return await _advance(ctx, old, statuses, at, detail=message.reason, by_hand_at=at)


async def _advance(
    ctx: Context,
    old: Delivery,
    statuses: tuple[DeliveryStatus, ...],
    at: datetime,
    *,
    detail: str | None = None,
    **hidden: datetime,
) -> Delivery:
    """Lead it through statuses, and tell of each."""
    new = passed(old, statuses, at)
    if new.status == "delivered":
        new = await _end(ctx, old, new, crossed_at=at, **hidden)
    else:
        new = await DELIVERIES.change(ctx, old, new, crossed_at=at, **hidden)
    for status in statuses:
        await note(ctx, old.delivery_id, status, at, detail=detail)
        ctx.publish(news_of(new, status, at))
    return new


async def _take_back(ctx: Context, old: Delivery, new: Delivery, at: datetime, reason: str, **hidden: datetime) -> Delivery:
    """Write what is left of it, and tell of it. Crossings until then are not followed any more."""
    new = await DELIVERIES.change(ctx, old, new, crossed_at=at, **hidden)
    await note(ctx, new.delivery_id, "taken_back", at, detail=reason)
    if new.vehicle_id is not None and new.driver_id is not None:
        ids = {"delivery_id": new.delivery_id, "vehicle_id": new.vehicle_id, "driver_id": new.driver_id}
        ctx.publish(DeliveryTakenBack(status=new.status, reason=reason, **ids))
    return new


async def _part(ctx: Context, old: Delivery, *successors: tuple[UUID, UUID], reason: str) -> None:
    """Take it from its vehicle and driver, where it has some, before it is written, and tell of it."""
    if old.vehicle_id is None or old.driver_id is None:
        return
    await lock_pairs(ctx, (old.vehicle_id, old.driver_id), *successors)
    await release(ctx, old.vehicle_id, old.delivery_id)
    await note(ctx, old.delivery_id, "unassigned", ctx.now, detail=reason)
    ids = {"delivery_id": old.delivery_id, "vehicle_id": old.vehicle_id, "driver_id": old.driver_id}
    ctx.publish(DeliveryUnassigned(reason=reason, **ids))


async def _end(ctx: Context, old: Delivery, ended: Delivery, **hidden: datetime) -> Delivery:
    """Write a delivery that has ended, and free its vehicle and driver if it was their last."""
    if ended.vehicle_id is None or ended.driver_id is None:
        return await DELIVERIES.change(ctx, old, ended, **hidden)
    await lock_pairs(ctx, (ended.vehicle_id, ended.driver_id))
    new = await DELIVERIES.change(ctx, old, ended, **hidden)
    await release(ctx, ended.vehicle_id, ended.delivery_id)
    return new


def _assignment(delivery: Delivery) -> DeliveryAssigned:
    if delivery.vehicle_id is None or delivery.driver_id is None:
        raise ValueError(f"Delivery {delivery.delivery_id} is carried by nobody.")
    return DeliveryAssigned(
        delivery_id=delivery.delivery_id,
        vehicle_id=delivery.vehicle_id,
        driver_id=delivery.driver_id,
        pickup=delivery.pickup,
        dropoff=delivery.dropoff,
        assigned_at=delivery.assigned_at,
    )


def _sighting(crossing: Crossing, message: DeliveryPlaceReached | DeliveryPlaceLeft) -> Sighting:
    return Sighting(crossing=crossing, vehicle_id=message.vehicle_id, crossed_at=message.crossed_at)


def _impossible(delivery: Delivery, what_to_do: str) -> Refusal:
    return Refusal.conflict("step_impossible", f"The delivery is {_said(delivery)}. {what_to_do}")


def _not_in_future(instant: datetime, now: datetime) -> datetime:
    if instant > now:
        field = FieldError("$.assigned_at", f"It is later than now ({now.isoformat()}). Leave it out to assign from now on.")
        raise Refusal.invalid("assigned_in_future", "A delivery cannot be assigned from a later instant on.", field)
    return instant


def _said(delivery: Delivery) -> str:
    return delivery.status.replace("_", " ")
