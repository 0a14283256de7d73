"""Devices that report by themselves: their keys, and the OsmAnd protocol."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from uuid import UUID

from msgspec import Struct

from bus import Refusal
from modules.puabo_nexus.tracker.contract import (
    ADMIN,
    WRITE,
    WRITE_ANY,
    NoteReport,
    PositionsReceipt,
    RecordPositions,
    SetDeviceKey,
    SetVehicleLimits,
    VehicleLimits,
)
from modules.puabo_nexus.tracker.formats.osmand import read_json, read_query
from modules.puabo_nexus.tracker.formats.report import Report
from modules.puabo_nexus.tracker.queries import devices, vehicles
from modules.puabo_nexus.tracker.queries.devices import DeviceStatus
from modules.puabo_nexus.tracker.queries.vehicles import KeyHolder
from modules.puabo_nexus.tracker.tables import LIMITS, VEHICLES
from nexus_actors import Principal
from nexus_actors.http import RateLimit, Request, Routes, found
from nexus_actors.http.parameters import plain_query

routes = Routes(tag="devices")

# A mobile carrier puts many devices behind one address, so this only stops floods; keys are too long to guess.
_PER_ADDRESS = RateLimit(requests=6000, per_s=60, burst=6000, by="address", group="osmand")
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


class DeviceDeps(Struct, frozen=True):
    """What these routes get from the process.

    Attributes:
        new_key: makes a key that nobody can guess: at least 128 bits, in characters that need no escape in a query.
    """

    new_key: Callable[[], str]


class DeviceKey(Struct, frozen=True, kw_only=True):
    """A device's new key. It is shown here and never again."""

    vehicle_id: UUID
    device_id: str
    key: str


@routes.post("/v1/vehicles/{vehicle_id}/device-key", scope=ADMIN, status=201)
async def issue_device_key(request: Request, vehicle_id: UUID) -> DeviceKey:
    """Make a key for a vehicle's device, in place of the one it has.

    The device appends it to what it sends: ``/osmand?key=...``. It is shown once; we keep its hash.
    """
    deps: DeviceDeps = request.deps
    key = deps.new_key()
    record = await request.ask(SetDeviceKey(vehicle_id=vehicle_id, key_hash=hash_of(key)))
    if record.key_hash != hash_of(key):
        raise Refusal.conflict(
            "device_key_shown", "The key of this request was shown before. Make a new one under a new Idempotency-Key."
        )
    return DeviceKey(vehicle_id=vehicle_id, device_id=record.device_id, key=key)


@routes.get("/v1/vehicles/{vehicle_id}/device", scope="tracker:read")
async def get_device(request: Request, vehicle_id: UUID) -> DeviceStatus:
    """Show how a vehicle's device is: when it was last heard of, with or without a position, and its battery."""
    return found(await devices.status(request, vehicle_id), "vehicle")


routes.command("PUT", "/v1/vehicles/{vehicle_id}/limits", SetVehicleLimits)


@routes.get("/v1/vehicles/{vehicle_id}/limits", scope="tracker:read")
async def get_limits(request: Request, vehicle_id: UUID) -> VehicleLimits:
    """Show what is believed of a vehicle."""
    await VEHICLES.found(request, vehicle_id)
    return await LIMITS.get(request, vehicle_id) or VehicleLimits(vehicle_id=vehicle_id)


@routes.get("/osmand", scope=None, rate_limit=_PER_ADDRESS)
async def report_by_query(request: Request, query: dict[str, str]) -> PositionsReceipt:
    """Take a report of the OsmAnd protocol: ``?key=...&id=...&lat=...&lon=...&timestamp=...``.

    A phone keeps its queue until a report is taken, so what can be read of it is: without a place it is a sign of life, and
    what cannot be right goes into quarantine. The answer says which. Only key, id and size are refused.
    """
    holder = await _holder(request, query)
    return await _record(request, holder, read_query(query, request.now))


@routes.post("/osmand", scope=None, rate_limit=_PER_ADDRESS, accepts=("*/*",), body_limit_bytes=64 * 1024)
async def report_by_post(request: Request, query: dict[str, str], body: bytes) -> PositionsReceipt:
    """Take a report of the OsmAnd protocol, in the query, as a form, or as the JSON of Traccar Client 9 and later."""
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == _FORM:
        query = {**plain_query(body.decode(errors="replace")), **query}
    holder = await _holder(request, query)
    return await _record(request, holder, read_json(body, request.now) if kind == _JSON else read_query(query, request.now))


def hash_of(key: str) -> str:
    """What is kept of a key. It has 128 random bits, so a fast hash is as good as a slow one."""
    return sha256(key.encode()).hexdigest()


async def _holder(request: Request, parameters: Mapping[str, str]) -> KeyHolder:
    """Whose key this is. Asked first: what a stranger sends is not looked at."""
    key = parameters.get("key")
    holder = await vehicles.by_key(request.db, hash_of(key)) if key else None
    if holder is None:
        raise _unauthorised()
    return holder


async def _record(request: Request, holder: KeyHolder, report: Report) -> PositionsReceipt:
    if holder.device_id != report.device_id:
        raise _unauthorised()
    # From here on it is the device that asks, for the tenant of its vehicle.
    request.caller = Principal(
        subject=f"device:{holder.device_id}", tenant=holder.tenant, scopes=frozenset({WRITE, WRITE_ANY}), kind="service"
    )
    if report.fix is not None and not report.reasons:
        return await request.ask(RecordPositions(vehicle_id=holder.vehicle_id, fixes=(report.fix,)))
    note = NoteReport(vehicle_id=holder.vehicle_id, fix=report.fix, reasons=report.reasons, state=report.state)
    return await request.ask(note)


def _unauthorised() -> Refusal:
    detail = "No device with this id has this key. Send the key that was issued for it as key=..."
    return Refusal.unauthorised("device_key_invalid", detail)
