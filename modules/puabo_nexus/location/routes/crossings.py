"""The history of crossings over HTTP."""

from uuid import UUID

from bus import Instant
from modules.puabo_nexus.location.contract import READ
from modules.puabo_nexus.location.queries import crossings as queries
from modules.puabo_nexus.location.queries.crossings import CrossingCursor, CrossingFilter, CrossingRecord
from modules.puabo_nexus.location.routes.page import page_of
from nexus_actors.http import Page, PageQuery, Request, Routes

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
    wanted = CrossingFilter(
        vehicle_id=query.vehicle_id,
        geofence_id=query.geofence_id,
        delivery_id=query.delivery_id,
        earliest=query.earliest,
        before=query.before,
    )
    items = await queries.crossings(
        request.db, request.tenant, wanted, after=request.cursor(query, CrossingCursor), limit=query.limit + 1
    )
    return page_of(items, query.limit, lambda crossing: CrossingCursor(crossing.crossed_at, crossing.seq))
