"""Vehicles: what people say of them, and what their trips make of them."""

from msgspec.structs import replace

from bus import Refusal
from modules.puabo_nexus.fleet.actors.engagement import is_vehicle_engaged
from modules.puabo_nexus.fleet.actors.trips import hear, is_counted
from modules.puabo_nexus.fleet.contract import (
    ChangeVehicle,
    RegisterVehicle,
    RetireVehicle,
    Vehicle,
    VehicleChanged,
    VehicleRegistered,
    VehicleRetired,
)
from modules.puabo_nexus.fleet.domain.drive import ended_trip, removed_trip, running_trip
from modules.puabo_nexus.fleet.tables import VEHICLES
from modules.puabo_nexus.tracker.contract import TripEnded, TripRevised, TripStarted
from nexus_actors import Actor, Context, handles


class VehicleActor(Actor[None]):
    """One vehicle. Its row is the truth; nothing is kept beside it."""

    @handles
    async def register(self, message: RegisterVehicle, ctx: Context) -> Vehicle:
        """Take it into the fleet."""
        new = message.made(status="active", motion="idle", odometer_m=0, registered_at=ctx.now, version=1)
        vehicle = await VEHICLES.add(ctx, new)
        ctx.publish(VehicleRegistered(vehicle_id=vehicle.vehicle_id, plate=vehicle.plate, device_id=vehicle.device_id))
        return vehicle

    @handles
    async def change(self, message: ChangeVehicle, ctx: Context) -> Vehicle:
        """Change what is registered of it."""
        old = await VEHICLES.expect(ctx, message)
        new = await VEHICLES.change(ctx, old, message.applied(old))
        if new != old:
            ctx.publish(VehicleChanged(vehicle_id=new.vehicle_id, plate=new.plate, device_id=new.device_id))
        return new

    @handles
    async def retire(self, message: RetireVehicle, ctx: Context) -> Vehicle:
        """Take it out of the fleet, unless it carries something."""
        old = await VEHICLES.expect(ctx, message)
        if await is_vehicle_engaged(ctx, old.vehicle_id):
            detail = "The vehicle carries deliveries. Wait until they are delivered, or cancel them, and retire it then."
            raise Refusal.conflict("vehicle_in_use", detail)
        ctx.publish(VehicleRetired(vehicle_id=old.vehicle_id))
        return await VEHICLES.change(ctx, old, replace(old, status="retired", motion="idle"), trip_id=None)

    @handles
    async def trip_started(self, message: TripStarted, ctx: Context) -> None:
        """It moves, unless it is known that this trip has ended already."""
        if not await is_counted(ctx, message.vehicle_id, message.trip_id):
            await hear(ctx, message.vehicle_id, running_trip(message.trip_id))

    @handles
    async def trip_ended(self, message: TripEnded, ctx: Context) -> None:
        """It stands, and the trip's metres are in its odometer."""
        await hear(ctx, message.vehicle_id, ended_trip(message.trip_id, message.distance_m))

    @handles
    async def trip_revised(self, message: TripRevised, ctx: Context) -> None:
        """What was said of a trip before is replaced."""
        if message.change == "removed":
            news = removed_trip(message.trip_id)
        elif message.ended_at is None:
            news = running_trip(message.trip_id)
        else:
            news = ended_trip(message.trip_id, message.distance_m)
        await hear(ctx, message.vehicle_id, news)
