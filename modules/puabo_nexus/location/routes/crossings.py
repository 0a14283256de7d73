"""The history of crossings over HTTP."""

from uuid import UUID

from bus import Instant
from modules.puabo_nexus.location.contract import READ
from modules.puabo_nexus.location.tables import CROSSINGS, CrossingRecord
from nexus_actors.http import Page, PageQuery, Request, Routes, page_of

routes = Routes(tag="crossings")


class CrossingQuery(
    PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"earliest": "from", "before": "to"}
):
    """Which crossings to list.

    Attributes:
        earliest: the first instant that is wanted.
        before: the first one after it that is not.
    """

    vehicle_id: UUID | None = None
    geofence_id: UUID | None = None
    delivery_id: UUID | None = None
    earliest: Instant | None = None
    before: Instant | None = None


@routes.get("/v1/crossings", scope=READ)
async def list_crossings(request: Request, query: CrossingQuery) -> Page[CrossingRecord]:
    """List who crossed which geofence or place of a delivery, in the order of time."""
    where = {
        "vehicle_id": query.vehicle_id,
        "geofence_id": query.geofence_id,
        "delivery_id": query.delivery_id,
        "crossed_at >=": query.earliest,
        "crossed_at <": query.before,
    }
    return await page_of(request, query, CROSSINGS, where)
