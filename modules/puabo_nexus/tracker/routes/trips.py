"""Trips, and tracks as documents."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal
from uuid import UUID

import anyio
import msgspec
from msgspec import Struct

from bus import FieldError, Instant, Refusal
from modules.puabo_nexus.tracker.contract import Fix, Trip
from modules.puabo_nexus.tracker.domain.stretches import split_at_gaps
from modules.puabo_nexus.tracker.domain.track import TripRules
from modules.puabo_nexus.tracker.formats import geojson_document, gpx_document
from modules.puabo_nexus.tracker.queries import positions
from modules.puabo_nexus.tracker.queries.positions import MAX_EXPORTED, TimeRange
from modules.puabo_nexus.tracker.tables import TRIPS, VEHICLES
from nexus_actors.http import Page, PageQuery, Raw, Request, Routes, page_of

Format = Literal["gpx", "geojson"]

routes = Routes(tag="trips")


class TripQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which trips: those with ``from <= started_at < to``, the newest first.

    Attributes:
        vehicle_id: of this vehicle alone.
        open: only those that go on, or only those that have ended.
    """

    vehicle_id: UUID | None = None
    from_at: Instant | None = msgspec.field(default=None, name="from")
    to_at: Instant | None = msgspec.field(default=None, name="to")
    open: bool | None = None


class TripTrackQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a trip's track is written."""

    format: Format = "geojson"


class TrackQuery(TimeRange, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of a track, and how it is written."""

    format: Format = "geojson"


@routes.get("/v1/trips", scope="tracker:read")
async def list_trips(request: Request, query: TripQuery) -> Page[Trip]:
    """List trips, the newest first."""
    where = {
        "vehicle_id": query.vehicle_id,
        "started_at >=": query.from_at,
        "started_at <": query.to_at,
        "(ended_at IS NULL) =": query.open,
    }
    return await page_of(request, query, TRIPS, where)


@routes.get("/v1/trips/{trip_id}", scope="tracker:read")
async def get_trip(request: Request, trip_id: UUID) -> Trip:
    """Show a trip."""
    return await TRIPS.found(request, trip_id)


@routes.get("/v1/trips/{trip_id}/track", scope="tracker:read")
async def export_trip(request: Request, trip_id: UUID, query: TripTrackQuery) -> Raw:
    """Export a trip as GPX 1.1 or GeoJSON (RFC 7946)."""
    trip = await TRIPS.found(request, trip_id)
    fixes = await positions.of_trip(request, trip_id)
    shown = ("trip_id", "vehicle_id", "started_at", "ended_at", "distance_m", "duration_s")
    properties = {name: getattr(trip, name) for name in shown}
    return await _document(fixes, query.format, f"trip {trip_id}", properties)


@routes.get("/v1/vehicles/{vehicle_id}/track", scope="tracker:read")
async def export_track(request: Request, vehicle_id: UUID, query: TrackQuery) -> Raw:
    """Export where a vehicle was as GPX 1.1 or GeoJSON (RFC 7946), a line for each part without a gap."""
    plate = (await VEHICLES.found(request, vehicle_id)).plate
    fixes = await positions.within(request, vehicle_id, query)
    return await _document(fixes, query.format, f"vehicle {plate}", {"vehicle_id": vehicle_id, "plate": plate})


async def _document(fixes: Sequence[Fix], kind: Format, name: str, properties: Mapping[str, object]) -> Raw:
    if len(fixes) > MAX_EXPORTED:
        raise Refusal.invalid(
            "range_too_large",
            f"More than {MAX_EXPORTED} fixes lie in this range. Export it in parts.",
            FieldError("query.from", "Name a shorter range."),
        )
    return await anyio.to_thread.run_sync(partial(_write, fixes, kind, name, properties))


def _write(fixes: Sequence[Fix], kind: Format, name: str, properties: Mapping[str, object]) -> Raw:
    runs = split_at_gaps(fixes, TripRules())
    if kind == "gpx":
        body, content_type = gpx_document.gpx_document(name, runs), gpx_document.CONTENT_TYPE
    else:
        body, content_type = geojson_document.geojson_document(runs, properties), geojson_document.CONTENT_TYPE
    file = name.replace(" ", "-").encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    return Raw(body=body, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{file}.{kind}"'})
