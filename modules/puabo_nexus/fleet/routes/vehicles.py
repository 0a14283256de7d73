"""Vehicles over HTTP."""

from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from modules.puabo_nexus.fleet.contract import (
    READ,
    WRITE,
    ChangeVehicle,
    DeviceText,
    MemberStatus,
    PlateText,
    RegisterVehicle,
    RetireVehicle,
    Vehicle,
    VinText,
)
from modules.puabo_nexus.fleet.queries import vehicles as queries
from modules.puabo_nexus.fleet.queries.cursor import AgeCursor
from modules.puabo_nexus.fleet.routes.page import page_of
from nexus_actors.http import Page, PageQuery, Request, Routes, found

routes = Routes(tag="vehicles")


class VehicleDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vehicle that is to join the fleet.

    Attributes:
        vin: vehicle identification number (ISO 3779).
        device_id: what the tracking device in it calls itself.
    """

    plate: PlateText
    vin: VinText | None = None
    device_id: DeviceText | None = None


class VehicleChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change; null clears a field, what is left out stays (as in RFC 7396)."""

    plate: PlateText | UnsetType = UNSET
    vin: VinText | UnsetType | None = UNSET
    device_id: DeviceText | UnsetType | None = UNSET


class VehicleQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which vehicles to list: those of a status, or all."""

    status: MemberStatus | None = None


@routes.post("/v1/vehicles", scope=WRITE, status=201)
async def register_vehicle(request: Request, body: VehicleDraft) -> Vehicle:
    """Register a vehicle."""
    return await request.ask(
        RegisterVehicle(vehicle_id=request.new_id(), plate=body.plate, vin=body.vin, device_id=body.device_id)
    )


@routes.get("/v1/vehicles", scope=READ)
async def list_vehicles(request: Request, query: VehicleQuery) -> Page[Vehicle]:
    """List the vehicles, the first to join first."""
    items = await queries.vehicles(
        request.db,
        request.tenant,
        status=query.status,
        after=request.cursor(query, AgeCursor),
        limit=query.limit + 1,
    )
    return page_of(items, query.limit, lambda vehicle: AgeCursor(vehicle.registered_at, vehicle.vehicle_id))


@routes.get("/v1/vehicles/{vehicle_id}", scope=READ)
async def get_vehicle(request: Request, vehicle_id: UUID) -> Vehicle:
    """Show a vehicle, with its motion and its odometer."""
    return found(await queries.vehicle(request.db, request.tenant, vehicle_id), "vehicle")


@routes.patch("/v1/vehicles/{vehicle_id}", scope=WRITE)
async def change_vehicle(request: Request, vehicle_id: UUID, body: VehicleChange) -> Vehicle:
    """Change a vehicle. Send its ETag as If-Match to change only what you have read."""
    return await request.ask(
        ChangeVehicle(
            vehicle_id=vehicle_id,
            expected_version=request.expected_version,
            plate=body.plate,
            vin=body.vin,
            device_id=body.device_id,
        )
    )


@routes.post("/v1/vehicles/{vehicle_id}:retire", scope=WRITE)
async def retire_vehicle(request: Request, vehicle_id: UUID) -> Vehicle:
    """Retire a vehicle that carries nothing. Its plate and device are free for another one."""
    return await request.ask(RetireVehicle(vehicle_id=vehicle_id, expected_version=request.expected_version))
