"""Deliveries over HTTP."""

from uuid import UUID

from msgspec import Struct

from bus import Instant
from modules.puabo_nexus.fleet.contract import (
    DEFAULT_RADIUS_M,
    READ,
    WRITE,
    AssignDelivery,
    CancelDelivery,
    Delivery,
    DeliveryStatus,
    Latitude,
    Longitude,
    Place,
    PlaceText,
    RadiusM,
    ReasonText,
    RequestDelivery,
    TimelineEntry,
)
from modules.puabo_nexus.fleet.queries import deliveries as queries
from modules.puabo_nexus.fleet.queries.cursor import AgeCursor, SeqCursor
from modules.puabo_nexus.fleet.routes.page import page_of
from nexus_actors.http import Page, PageQuery, Request, Routes, found

routes = Routes(tag="deliveries")


class PlaceDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A circle on the ground where goods change hands, in WGS 84 degrees and metres."""

    name: PlaceText
    lat: Latitude
    lon: Longitude
    radius_m: RadiusM = DEFAULT_RADIUS_M

    def place(self) -> Place:
        """The place that it describes."""
        return Place(name=self.name, lat=self.lat, lon=self.lon, radius_m=self.radius_m)


class DeliveryDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A delivery that is asked for. The circles of its two places may not touch."""

    pickup: PlaceDraft
    dropoff: PlaceDraft


class Assignment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is to carry a delivery.

    Attributes:
        assigned_at: from when crossings of its places count; from now on where it is left out.
    """

    vehicle_id: UUID
    driver_id: UUID
    assigned_at: Instant | None = None


class Cancellation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a delivery ends before it is delivered."""

    reason: ReasonText


class DeliveryQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which deliveries to list: those of a status, a vehicle, a driver, or all."""

    status: DeliveryStatus | None = None
    vehicle_id: UUID | None = None
    driver_id: UUID | None = None


@routes.post("/v1/deliveries", scope=WRITE, status=201)
async def request_delivery(request: Request, body: DeliveryDraft) -> Delivery:
    """Ask for a delivery."""
    return await request.ask(
        RequestDelivery(delivery_id=request.new_id(), pickup=body.pickup.place(), dropoff=body.dropoff.place())
    )


@routes.get("/v1/deliveries", scope=READ)
async def list_deliveries(request: Request, query: DeliveryQuery) -> Page[Delivery]:
    """List the deliveries, the latest request first."""
    items = await queries.deliveries(
        request.db,
        request.tenant,
        {"status": query.status, "vehicle_id": query.vehicle_id, "driver_id": query.driver_id},
        after=request.cursor(query, AgeCursor),
        limit=query.limit + 1,
    )
    return page_of(items, query.limit, lambda delivery: AgeCursor(delivery.requested_at, delivery.delivery_id))


@routes.get("/v1/deliveries/{delivery_id}", scope=READ)
async def get_delivery(request: Request, delivery_id: UUID) -> Delivery:
    """Show a delivery."""
    return found(await queries.delivery(request.db, request.tenant, delivery_id), "delivery")


@routes.get("/v1/deliveries/{delivery_id}/timeline", scope=READ)
async def get_timeline(request: Request, delivery_id: UUID, query: PageQuery) -> Page[TimelineEntry]:
    """List what happened to a delivery, and what was seen of it and not followed."""
    found(await queries.delivery(request.db, request.tenant, delivery_id), "delivery")
    items = await queries.timeline(
        request.db, request.tenant, delivery_id, after=request.cursor(query, SeqCursor), limit=query.limit + 1
    )
    return page_of(items, query.limit, lambda entry: SeqCursor(entry.seq))


@routes.post("/v1/deliveries/{delivery_id}:assign", scope=WRITE)
async def assign_delivery(request: Request, delivery_id: UUID, body: Assignment) -> Delivery:
    """Give a delivery to a vehicle and its driver. A driver drives one vehicle at a time, a vehicle may carry several."""
    return await request.ask(
        AssignDelivery(
            delivery_id=delivery_id,
            vehicle_id=body.vehicle_id,
            driver_id=body.driver_id,
            assigned_at=body.assigned_at,
            expected_version=request.expected_version,
        )
    )


@routes.post("/v1/deliveries/{delivery_id}:cancel", scope=WRITE)
async def cancel_delivery(request: Request, delivery_id: UUID, body: Cancellation) -> Delivery:
    """Cancel a delivery that has not been delivered."""
    return await request.ask(
        CancelDelivery(delivery_id=delivery_id, reason=body.reason, expected_version=request.expected_version)
    )
