"""Vehicles as they move: where each one is, and which fences it crosses."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import anyio
import anyio.lowlevel
from msgspec import Struct, field

from modules.geography.off_loop import done
from modules.puabo_nexus.fleet.contract import (
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryCompleted,
    DeliveryUnassigned,
    VehicleRetired,
)
from modules.puabo_nexus.location.actors.records import (
    add_crossing,
    add_places,
    erase_range,
    forget_vehicle,
    leave_all,
    remove_places,
    update_occupancy,
)
from modules.puabo_nexus.location.actors.surroundings import move_and_look
from modules.puabo_nexus.location.domain.crossings import Crossing, newer, walk, weight_of
from modules.puabo_nexus.location.domain.fence import (
    Errand,
    Fence,
    GeofenceTag,
    Tag,
    event_of,
    fences_of,
    standing_in,
)
from modules.puabo_nexus.location.domain.fix import Fix
from modules.puabo_nexus.location.domain.leg import boxes_of
from modules.puabo_nexus.tracker.contract import PositionsErased, PositionsRecorded
from nexus_actors import Actor, Context, handles

_RECORDED_AT_ONCE: Final = 50
"""So many crossings are written before others have their turn."""


class LiveVehicleState(Struct):
    """What a vehicle remembers.

    Attributes:
        retired: it left the fleet; what is still heard of it is not shown.
        last: the newest fix.
        inside: the fences that it is in, as of that fix, by their keys.
        errands: the deliveries that it carries out, with the places it is watched for.
    """

    retired: bool = False
    last: Fix | None = None
    inside: dict[str, Tag] = field(default_factory=dict)
    errands: dict[UUID, Errand] = field(default_factory=dict)


class LiveVehicle(Actor[LiveVehicleState]):
    """One vehicle.

    It is judged by fences when it reports, and only then: a fence that is drawn around it, moved away from it or removed is
    entered or left with its next fix. What comes of one that has left the fleet is left aside.
    """

    @handles
    async def moved(self, messages: list[PositionsRecorded], ctx: Context) -> None:
        """Follow it along its fixes. Late and repeated ones change nothing."""
        if self.state.retired:
            return
        state, vehicle_id = self.state, messages[0].vehicle_id
        reported = newer(state.last and state.last.fix_at, (fix for message in messages for fix in message.fixes))
        if not reported:
            return
        fixes = [Fix(fix.fix_at, fix.lat, fix.lon) for fix in reported]
        fences = await move_and_look(
            ctx.db,
            ctx.tenant,
            vehicle_id,
            reported[-1],
            ctx.received_at,
            path=boxes_of(state.last, fixes),
            inside=[tag.geofence_id for tag in state.inside.values() if isinstance(tag, GeofenceTag)],
        )
        await self._follow(vehicle_id, fixes, [*fences, *fences_of(state.errands)], ctx)

    async def _follow(self, vehicle_id: UUID, fixes: Sequence[Fix], fences: Sequence[Fence], ctx: Context) -> None:
        state = self.state
        tags = {fence.tag.key: fence.tag for fence in fences}
        regions = {fence.tag.key: fence.region for fence in fences}
        way = await done(weight_of(fixes, regions), walk, state.last, fixes, regions, frozenset(state.inside))
        # A fence that is gone is known from when the vehicle was inside it.
        crossings = [(tags.get(crossing.fence) or state.inside[crossing.fence], crossing) for crossing in way.crossings]
        before, after = state.inside, {key: tags[key] for key in sorted(way.inside)}
        await self._record(vehicle_id, crossings, ctx)
        await update_occupancy(ctx.db, ctx.tenant, vehicle_id, before, after, crossings)
        state.last, state.inside = fixes[-1], after

    async def _record(self, vehicle_id: UUID, crossings: Sequence[tuple[Tag, Crossing]], ctx: Context) -> None:
        for number, (tag, crossing) in enumerate(crossings, start=1):
            if number % _RECORDED_AT_ONCE == 0:
                await anyio.lowlevel.checkpoint()
            add_crossing(ctx.db, ctx.tenant, vehicle_id, tag, crossing)
            ctx.publish(event_of(vehicle_id, tag, crossing))

    @handles(key="vehicle_id")
    async def assigned(self, message: DeliveryAssigned, ctx: Context) -> None:
        """Watch it for the places of a delivery. Where it stands in one already, it has reached it."""
        if self.state.retired:
            return
        errand = Errand(message.pickup, message.dropoff)
        self.state.errands[message.delivery_id] = errand
        await add_places(ctx.db, ctx.tenant, message.vehicle_id, message.delivery_id, errand)
        fresh = [fence for fence in fences_of({message.delivery_id: errand}) if fence.tag.key not in self.state.inside]
        crossings = standing_in(self.state.last, message.assigned_at or ctx.received_at, fresh)
        self.state.inside.update({tag.key: tag for tag, _ in crossings})
        await self._record(message.vehicle_id, crossings, ctx)

    @handles(key="vehicle_id")
    async def completed(self, message: DeliveryCompleted, ctx: Context) -> None:
        """Stop watching it for the places of a delivery."""
        await self._end_errand(message.vehicle_id, message.delivery_id, ctx)

    @handles(key="vehicle_id")
    async def cancelled(self, message: DeliveryCancelled, ctx: Context) -> None:
        """Stop watching it for the places of a delivery. One that was never assigned names no vehicle and comes to none."""
        if message.vehicle_id is not None:
            await self._end_errand(message.vehicle_id, message.delivery_id, ctx)

    @handles(key="vehicle_id")
    async def unassigned(self, message: DeliveryUnassigned, ctx: Context) -> None:
        """Stop watching it for the places of a delivery."""
        await self._end_errand(message.vehicle_id, message.delivery_id, ctx)

    async def _end_errand(self, vehicle_id: UUID, delivery_id: UUID, ctx: Context) -> None:
        if self.state.retired:
            return
        errand = self.state.errands.pop(delivery_id, None)
        if errand is not None:
            for tag in errand.tags(delivery_id):
                self.state.inside.pop(tag.key, None)
            await remove_places(ctx.db, ctx.tenant, vehicle_id, delivery_id)

    @handles
    async def erased(self, message: PositionsErased, ctx: Context) -> None:
        """Forget where it was then. Where that is the last that is known, it enters what it is in with its next fix anew."""
        vehicle_id, last = message.vehicle_id, self.state.last
        await erase_range(ctx.db, ctx.tenant, vehicle_id, message.from_at, message.to_at)
        if last is None or last.fix_at >= message.to_at or (message.from_at is not None and last.fix_at < message.from_at):
            return
        await leave_all(ctx.db, ctx.tenant, vehicle_id)
        self.state.last, self.state.inside = None, {}

    @handles
    async def retired(self, message: VehicleRetired, ctx: Context) -> None:
        """Take it off the map: it leaves the geofences that it was in."""
        if self.state.retired:
            return
        last = self.state.last
        if last is not None:
            at = max(ctx.received_at, last.fix_at)
            crossings = [
                (tag, Crossing(key, "exited", "retired", at, last.lat, last.lon, last.fix_at))
                for key, tag in self.state.inside.items()
                if isinstance(tag, GeofenceTag)
            ]
            await self._record(message.vehicle_id, crossings, ctx)
        await forget_vehicle(ctx.db, ctx.tenant, message.vehicle_id)
        self.state = LiveVehicleState(retired=True)
