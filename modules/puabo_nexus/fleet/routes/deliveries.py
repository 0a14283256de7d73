"""Deliveries over HTTP."""

from uuid import UUID

from modules.puabo_nexus.fleet.contract import (
    READ,
    ArriveForDelivery,
    AssignDelivery,
    CancelDelivery,
    CompleteDelivery,
    PickUpDelivery,
    RequestDelivery,
    TakeBackDelivery,
    TimelineEntry,
    UnassignDelivery,
)
from modules.puabo_nexus.fleet.tables import DELIVERIES, TIMELINE
from nexus_actors.http import Page, PageQuery, Request, Routes, page_of

routes = Routes(tag="deliveries")

routes.command("POST", "/v1/deliveries", RequestDelivery, status=201)
routes.reads(
    "/v1/deliveries",
    DELIVERIES,
    scope=READ,
    filters=("status", "vehicle_id", "driver_id"),
    about="List the deliveries, the latest request first.",
)
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
    await DELIVERIES.found(request, delivery_id)
    return await page_of(request, query, TIMELINE, {"delivery_id": delivery_id})
