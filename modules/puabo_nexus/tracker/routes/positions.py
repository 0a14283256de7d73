"""Positions in and out."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

import anyio
import msgspec
from msgspec import Meta, Struct

from bus import BusError, FieldError, Instant, Refusal, RefusalDocument
from modules.puabo_nexus.tracker.contract import (
    MAX_FIXES,
    WRITE,
    EndTrip,
    ErasePositions,
    Fix,
    PositionsReceipt,
    RecordPositions,
)
from modules.puabo_nexus.tracker.queries import positions, quarantine
from modules.puabo_nexus.tracker.queries.positions import LastPosition, TimeRange
from modules.puabo_nexus.tracker.queries.quarantine import Quarantined
from modules.puabo_nexus.tracker.tables import VEHICLES
from nexus_actors.http import Page, PageQuery, Request, Routes, found, page_from

MAX_BATCHES = 200

routes = Routes(tag="positions")


class PositionQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which fixes of a vehicle: ``from <= fix_at < to``, the oldest first."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 200
    from_at: Instant | None = msgspec.field(default=None, name="from")
    to_at: Instant | None = msgspec.field(default=None, name="to")


class QuarantineQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which fixes in quarantine, the last to come in first.

    Attributes:
        vehicle_id: of this vehicle alone.
        reason: for this reason alone, such as ``implausible_speed``.
    """

    vehicle_id: UUID | None = None
    reason: str | None = None


class FixDraft(Fix, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fix as it is sent in."""


class PositionsDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fixes of one vehicle, in any order."""

    fixes: Annotated[tuple[FixDraft, ...], Meta(min_length=1, max_length=MAX_FIXES)]


class VehiclePositionsDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fixes of one vehicle among several."""

    vehicle_id: UUID
    fixes: Annotated[tuple[FixDraft, ...], Meta(min_length=1, max_length=MAX_FIXES)]


class FleetPositionsDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fixes of several vehicles, each of which comes once."""

    items: Annotated[tuple[VehiclePositionsDraft, ...], Meta(min_length=1, max_length=MAX_BATCHES)]


class VehicleOutcome(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one vehicle's fixes: a receipt, or why there is none."""

    vehicle_id: UUID
    receipt: PositionsReceipt | None = None
    refusal: RefusalDocument | None = None


class FleetReceipt(Struct, frozen=True, kw_only=True):
    """What became of each vehicle's fixes, in the order in which they were sent."""

    items: list[VehicleOutcome]


@routes.post("/v1/vehicles/{vehicle_id}/positions", scope=WRITE)
async def record_positions(request: Request, vehicle_id: UUID, body: PositionsDraft) -> PositionsReceipt:
    """Record where a vehicle was.

    Fixes may come in any order and more than once. The answer counts what became of them; fixes that cannot be right are put
    into quarantine with their reasons. Of two fixes at one instant the more accurate stays.

    Who lacks the scope `tracker:write:any` may report for the vehicle alone that they drive, whose delivery under way is
    assigned to the driver whose account they are, and for the time of their assignments alone.
    """
    return await request.ask(RecordPositions(vehicle_id=vehicle_id, fixes=body.fixes))


@routes.post("/v1/positions", scope=WRITE, body_limit_bytes=8 * 1024 * 1024)
async def record_fleet_positions(request: Request, body: FleetPositionsDraft) -> FleetReceipt:
    """Record where several vehicles were. One that is refused does not hold back the others."""
    _require_distinct(body)
    outcomes: dict[UUID, VehicleOutcome] = {}
    async with anyio.create_task_group() as group:
        for item in body.items:
            group.start_soon(partial(_record_one, request, item, outcomes.__setitem__))
    return FleetReceipt(items=[outcomes[item.vehicle_id] for item in body.items])


routes.command("POST", "/v1/vehicles/{vehicle_id}/trip:end", EndTrip)
routes.command("POST", "/v1/vehicles/{vehicle_id}/positions:erase", ErasePositions)


@routes.get("/v1/vehicles/{vehicle_id}/positions", scope="tracker:read")
async def list_positions(request: Request, vehicle_id: UUID, query: PositionQuery) -> Page[Fix]:
    """List where a vehicle was, in the order of time."""
    span = TimeRange(from_at=query.from_at, to_at=query.to_at)
    fixes = await positions.within(request, vehicle_id, span, request.cursor(query, datetime), query.limit + 1)
    if not fixes:
        await VEHICLES.found(request, vehicle_id)
    return page_from(fixes, query.limit, lambda fix: fix.fix_at)


@routes.get("/v1/vehicles/{vehicle_id}/last", scope="tracker:read")
async def last_position(request: Request, vehicle_id: UUID) -> LastPosition:
    """Show a vehicle's newest fix."""
    return found(await positions.last(request, vehicle_id), "position")


@routes.get("/v1/quarantine", scope="tracker:read")
async def list_quarantine(request: Request, query: QuarantineQuery) -> Page[Quarantined]:
    """List the fixes that cannot be right, with the reasons."""
    before = request.cursor(query, int)
    items = await quarantine.page(request, query.vehicle_id, query.reason, before, query.limit)
    return page_from(items, query.limit, lambda item: item.entry)


def _require_distinct(body: FleetPositionsDraft) -> None:
    seen: set[UUID] = set()
    for index, item in enumerate(body.items):
        if item.vehicle_id in seen:
            reason = "This vehicle comes twice. Put all its fixes into one item."
            raise Refusal.invalid("invalid", reason, FieldError(f"$.items[{index}].vehicle_id", reason))
        seen.add(item.vehicle_id)


async def _record_one(request: Request, item: VehiclePositionsDraft, done: Callable[[UUID, VehicleOutcome], None]) -> None:
    vehicle_id = item.vehicle_id
    try:
        receipt = await request.ask(RecordPositions(vehicle_id=vehicle_id, fixes=item.fixes))
        outcome = VehicleOutcome(vehicle_id=vehicle_id, receipt=receipt)
    except Refusal as refusal:
        outcome = VehicleOutcome(vehicle_id=vehicle_id, refusal=refusal.document)
    except BusError as error:
        detail = f"{error} Send this vehicle's fixes again: those that arrived count as duplicates."
        outcome = VehicleOutcome(vehicle_id=vehicle_id, refusal=Refusal.unavailable("not_confirmed", detail).document)
    done(vehicle_id, outcome)
