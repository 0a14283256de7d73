"""Vehicles: what people say of them, and what their trips make of them."""

from uuid import UUID

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
from modules.puabo_nexus.fleet.domain.identifier import device_id
from modules.puabo_nexus.fleet.domain.plate import plate
from modules.puabo_nexus.fleet.domain.version import check_version
from modules.puabo_nexus.fleet.domain.vin import vin
from modules.puabo_nexus.fleet.queries import vehicles as queries
from modules.puabo_nexus.tracker.contract import TripEnded, TripRevised, TripStarted
from nexus_actors import Actor, Context, handles
from nexus_actors.form import Form

_INSERT = f"""
INSERT INTO vehicles (tenant, vehicle_id, plate, vin, device_id, registered_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING RETURNING {queries.VEHICLE}
"""  # noqa: S608 - columns of ours
_UPDATE = """
UPDATE vehicles SET plate = $3, vin = $4, device_id = $5, version = version + 1 WHERE tenant = $1 AND vehicle_id = $2
"""
_RETIRE = """
UPDATE vehicles SET status = 'retired', trip_id = NULL, version = version + 1 WHERE tenant = $1 AND vehicle_id = $2
"""


class VehicleActor(Actor[None]):
    """One vehicle. Its row is the truth; nothing is kept beside it."""

    @handles
    async def register(self, message: RegisterVehicle, ctx: Context) -> Vehicle:
        """Take it into the fleet."""
        form = Form("vehicle")
        new_plate = form.read("plate", plate, message.plate)
        new_vin = form.read_optional("vin", vin, message.vin)
        new_device = form.read_optional("device_id", device_id, message.device_id)
        form.finish()
        if await queries.vehicle(ctx.db, ctx.tenant, message.vehicle_id) is not None:
            raise Refusal.conflict("vehicle_exists", "A vehicle is registered under this id already. Use a new id.")
        await _check_free(ctx, message.vehicle_id, new_plate, new_device)
        row = await ctx.db.fetchrow(_INSERT, ctx.tenant, message.vehicle_id, new_plate, new_vin, new_device, ctx.now)
        if row is None:
            # Between the check and this, another worker committed a vehicle with the same plate or device.
            raise _taken("plate or device")
        ctx.publish(VehicleRegistered(vehicle_id=message.vehicle_id, plate=new_plate, device_id=new_device))
        return queries.vehicle_of(row)

    @handles
    async def change(self, message: ChangeVehicle, ctx: Context) -> Vehicle:
        """Change what is registered of it."""
        old = await _active(ctx, message.vehicle_id, message.expected_version)
        form = Form("vehicle")
        new = replace(
            old,
            plate=form.read_change("plate", plate, message.plate, old.plate),
            vin=form.read_optional_change("vin", vin, message.vin, old.vin),
            device_id=form.read_optional_change("device_id", device_id, message.device_id, old.device_id),
        )
        form.finish()
        if new == old:
            return old
        await _check_free(ctx, old.vehicle_id, new.plate, new.device_id)
        # Should another worker take the plate right now, the unique index fails this turn, and its repeat is refused above.
        await ctx.db.execute(_UPDATE, ctx.tenant, old.vehicle_id, new.plate, new.vin, new.device_id)
        ctx.publish(VehicleChanged(vehicle_id=old.vehicle_id, plate=new.plate, device_id=new.device_id))
        return replace(new, version=old.version + 1)

    @handles
    async def retire(self, message: RetireVehicle, ctx: Context) -> Vehicle:
        """Take it out of the fleet, unless it carries something."""
        old = await _active(ctx, message.vehicle_id, message.expected_version)
        if await is_vehicle_engaged(ctx, old.vehicle_id):
            detail = "The vehicle carries deliveries. Wait until they are delivered, or cancel them, and retire it then."
            raise Refusal.conflict("vehicle_in_use", detail)
        await ctx.db.execute(_RETIRE, ctx.tenant, old.vehicle_id)
        ctx.publish(VehicleRetired(vehicle_id=old.vehicle_id))
        return replace(old, status="retired", motion="idle", version=old.version + 1)

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


async def _active(ctx: Context, vehicle_id: UUID, expected_version: int | None) -> Vehicle:
    vehicle = await queries.vehicle(ctx.db, ctx.tenant, vehicle_id)
    if vehicle is None:
        raise Refusal.not_found("vehicle_not_found", "There is no vehicle with this id. Look it up in the list.")
    check_version("vehicle", vehicle.version, expected_version)
    if vehicle.status == "retired":
        raise Refusal.conflict("vehicle_retired", "The vehicle is retired. Register it anew to use it again.")
    return vehicle


async def _check_free(ctx: Context, vehicle_id: UUID, new_plate: str, new_device: str | None) -> None:
    claim = await queries.claimed(ctx.db, ctx.tenant, vehicle_id, new_plate, new_device)
    if claim is not None:
        raise _taken("plate" if claim == "plate" else "device")


def _taken(what: str) -> Refusal:
    code = "device_taken" if what == "device" else "plate_taken"
    return Refusal.conflict(code, f"Another active vehicle has this {what}. Change or retire that one first.")
