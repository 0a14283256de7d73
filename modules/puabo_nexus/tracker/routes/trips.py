"""Trips, and tracks as documents."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from bus import Instant
from modules.puabo_nexus.tracker.contract import Fix, Trip
from modules.puabo_nexus.tracker.domain.track import TripRules
from modules.puabo_nexus.tracker.formats import geojson_document, gpx_document
from modules.puabo_nexus.tracker.queries import positions, trips
from modules.puabo_nexus.tracker.queries.positions import TimeRange
from modules.puabo_nexus.tracker.tables import TRIPS, VEHICLES
from nexus_actors.http import Page, PageQuery, Request, Routes, Streamed, page_of

Format = Literal["gpx", "geojson"]

_TICK = timedelta(microseconds=1)

routes = Routes(tag="trips")


class TripQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which trips: those with ``from <= started_at < to``, the newest first.

    Attributes:
        vehicle_id: of this vehicle alone.
        by: ``start`` lists each trip once however the time line is divided; ``overlap`` lists all that were under way in the
            range, also those that began before it, such as a drive over midnight in the lists of both days.
        open: only those that go on, or only those that have ended.
    """

    vehicle_id: UUID | None = None
    from_at: Instant | None = msgspec.field(default=None, name="from")
    to_at: Instant | None = msgspec.field(default=None, name="to")
    open: bool | None = None
    by: Literal["start", "overlap"] = "start"


class TripTrackQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a trip's track is written."""

    format: Format = "geojson"


class TrackQuery(TimeRange, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of a track, and how it is written."""

    format: Format = "geojson"


@routes.get("/v1/trips", scope="tracker:read")
async def list_trips(request: Request, query: TripQuery) -> Page[Trip]:
    """List trips, the newest first."""
    since, under_way_at = query.from_at, None
    if query.by == "overlap" and query.from_at is not None:
        since = await trips.earliest_under_way(request, query.from_at, query.vehicle_id) or query.from_at
        under_way_at = query.from_at
    where = {
        "vehicle_id": query.vehicle_id,
        "started_at >=": since,
        "started_at <": query.to_at,
        "coalesce(ended_at, 'infinity'::timestamptz) >": under_way_at,
        "(ended_at IS NULL) =": query.open,
    }
    return await page_of(request, query, TRIPS, where)


@routes.get("/v1/trips/{trip_id}", scope="tracker:read")
async def get_trip(request: Request, trip_id: UUID) -> Trip:
    """Show a trip."""
    return await TRIPS.found(request, trip_id)


@routes.get("/v1/trips/{trip_id}/track", scope="tracker:read")
async def export_trip(request: Request, trip_id: UUID, query: TripTrackQuery) -> Streamed:
    """Export a trip as GPX 1.1 or GeoJSON (RFC 7946), however long it is. The answer comes in parts while it is read."""
    trip = await TRIPS.found(request, trip_id)
    shown = ("trip_id", "vehicle_id", "started_at", "ended_at", "distance_m", "duration_s")
    properties = {name: getattr(trip, name) for name in shown}
    span = TimeRange(from_at=trip.started_at, to_at=None if trip.ended_at is None else trip.ended_at + _TICK)
    fixes = positions.slices(request, trip.vehicle_id, span)
    return _document(fixes, query.format, f"trip {trip_id}", properties)


@routes.get("/v1/vehicles/{vehicle_id}/track", scope="tracker:read")
async def export_track(request: Request, vehicle_id: UUID, query: TrackQuery) -> Streamed:
    """Export where a vehicle was as GPX 1.1 or GeoJSON (RFC 7946), a line for each part without a gap.

    The answer comes in parts while it is read, however long the range is. A line of more than 20,000 positions is several
    features that touch in GeoJSON, and one segment in GPX.
    """
    plate = (await VEHICLES.found(request, vehicle_id)).plate
    fixes = positions.slices(request, vehicle_id, query)
    return _document(fixes, query.format, f"vehicle {plate}", {"vehicle_id": vehicle_id, "plate": plate})


def _document(fixes: AsyncIterator[list[Fix]], kind: Format, name: str, properties: Mapping[str, object]) -> Streamed:
    if kind == "gpx":
        parts, content_type = gpx_document.gpx_document(name, fixes, TripRules()), gpx_document.CONTENT_TYPE
    else:
        parts, content_type = geojson_document.geojson_document(fixes, properties, TripRules()), geojson_document.CONTENT_TYPE
    file = name.replace(" ", "-").encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    headers = {"Content-Disposition": f'attachment; filename="{file}.{kind}"'}
    return Streamed(parts=parts, content_type=content_type, headers=headers)
