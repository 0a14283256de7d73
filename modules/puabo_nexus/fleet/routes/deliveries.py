"""Deliveries over HTTP."""

from uuid import UUID

from bus import Refusal
from modules.puabo_nexus.fleet.contract import (
    READ,
    READ_ANY,
    ArriveForDelivery,
    AssignDelivery,
    CancelDelivery,
    CompleteDelivery,
    Delivery,
    DeliveryStatus,
    PickUpDelivery,
    RequestDelivery,
    TakeBackDelivery,
    TimelineEntry,
    UnassignDelivery,
)
from modules.puabo_nexus.fleet.queries import driver_of
from modules.puabo_nexus.fleet.tables import DELIVERIES, TIMELINE
from nexus_actors.http import Page, PageQuery, Request, Routes, page_of

routes = Routes(tag="deliveries")


class DeliveryQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which deliveries."""

    status: DeliveryStatus | None = None
    vehicle_id: UUID | None = None
    driver_id: UUID | None = None


routes.command("POST", "/v1/deliveries", RequestDelivery, status=201)


@routes.get("/v1/deliveries", scope=READ)
async def list_deliveries(request: Request, query: DeliveryQuery) -> Page[Delivery]:
    """List the deliveries, the latest request first.

    Who lacks the scope `fleet:read:any` sees those alone that are given to the driver whose account they are.
    """
    driver_id = query.driver_id
    if not request.principal.may(READ_ANY):
        own = await driver_of(request, request.principal.subject)
        if own is None or driver_id not in {None, own}:
            return Page(items=[], next=None)
        driver_id = own
    where = {"status": query.status, "vehicle_id": query.vehicle_id, "driver_id": driver_id}
    return await page_of(request, query, DELIVERIES, where)


@routes.get("/v1/deliveries/{delivery_id}", scope=READ)
async def get_delivery(request: Request, delivery_id: UUID) -> Delivery:
    """Show a delivery. One of another driver is not found by who lacks the scope `fleet:read:any`."""
    return await _readable(request, delivery_id)


routes.command("POST", "/v1/deliveries/{delivery_id}:assign", AssignDelivery)
routes.command("POST", "/v1/deliveries/{delivery_id}:unassign", UnassignDelivery)
routes.command("POST", "/v1/deliveries/{delivery_id}:arrive_at_pickup", ArriveForDelivery)
routes.command("POST", "/v1/deliveries/{delivery_id}:pick_up", PickUpDelivery)
routes.command("POST", "/v1/deliveries/{delivery_id}:complete", CompleteDelivery)
routes.command("POST", "/v1/deliveries/{delivery_id}:take_back", TakeBackDelivery)
routes.command("POST", "/v1/deliveries/{delivery_id}:cancel", CancelDelivery)


@routes.get("/v1/deliveries/{delivery_id}/timeline", scope=READ)
async def get_timeline(request: Request, delivery_id: UUID, query: PageQuery) -> Page[TimelineEntry]:
    """List what happened to a delivery, and what was seen of it and not followed."""
    await _readable(request, delivery_id)
    return await page_of(request, query, TIMELINE, {"delivery_id": delivery_id})


async def _readable(request: Request, delivery_id: UUID) -> Delivery:
    delivery = await DELIVERIES.found(request, delivery_id)
    if not request.principal.may(READ_ANY):
        own = await driver_of(request, request.principal.subject)
        if own is None or delivery.driver_id != own:
            raise Refusal.not_found("delivery_not_found", "There is no delivery of yours with this id. Look it up in the list.")
    return delivery
