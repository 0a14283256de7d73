"""Geofences over HTTP."""

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from modules.geography.box import Box
from modules.geography.off_loop import done
from modules.geography.region import Region
from modules.geography.spot import Spot
from modules.puabo_nexus.location.contract import (
    READ,
    WRITE,
    ChangeGeofence,
    CreateGeofence,
    DeleteGeofence,
    Geofence,
    Latitude,
    Longitude,
    Name,
)
from modules.puabo_nexus.location.domain.bbox import parse_bbox
from modules.puabo_nexus.location.domain.geojson import read_shape
from modules.puabo_nexus.location.queries.geofences import geofences_in, regions_in
from modules.puabo_nexus.location.routes.area import AreaDocument
from modules.puabo_nexus.location.tables import GEOFENCES, OCCUPANTS, Occupant
from nexus_actors.http import Page, PageQuery, Request, Routes, page_from, page_of

routes = Routes(tag="geofences")

MOST_POINTS = 200


class GeofenceDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A geofence as it is to be."""

    name: Name
    shape: AreaDocument


class GeofenceQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which geofences to list.

    Attributes:
        bbox: west, south, east, north in degrees, with commas between (RFC 7946, section 5): fences whose bounds overlap it.
            West is greater than east where it crosses the antimeridian.
    """

    bbox: Annotated[str, Meta(max_length=200, examples=["13.7,45.2,13.8,45.3"])] | None = None


class TestedPoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A point to test."""

    lat: Latitude
    lon: Longitude


class PointTest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points of which the geofences are asked for that they lie in."""

    points: Annotated[tuple[TestedPoint, ...], Meta(min_length=1, max_length=MOST_POINTS)]


class PointResult(Struct, frozen=True, kw_only=True):
    """The geofences that a point lies in, by id."""

    lat: float
    lon: float
    geofence_ids: list[UUID]


class PointResults(Struct, frozen=True, kw_only=True):
    """One result for each point, in the order of the points."""

    items: list[PointResult]


@routes.post("/v1/geofences", scope=WRITE, status=201)
async def create_geofence(request: Request, body: GeofenceDraft) -> Geofence:
    """Draw a geofence. The answer has the shape as it is kept: without altitudes, rings in the directions of RFC 7946."""
    shape = read_shape(bytes(body.shape))
    return await request.ask(CreateGeofence(geofence_id=request.new_id(), name=body.name, shape=shape))


@routes.get("/v1/geofences", scope=READ)
async def list_geofences(request: Request, query: GeofenceQuery) -> Page[Geofence]:
    """List the geofences, the oldest first."""
    if query.bbox is None:
        return await page_of(request, query, GEOFENCES, {})
    box = parse_bbox(query.bbox)
    items = await geofences_in(request, box, after=request.cursor(query, UUID), limit=query.limit + 1)
    return page_from(items, query.limit, GEOFENCES.cursor)


@routes.get("/v1/geofences/{geofence_id}", scope=READ)
async def get_geofence(request: Request, geofence_id: UUID) -> Geofence:
    """Show a geofence."""
    return await GEOFENCES.found(request, geofence_id)


@routes.put("/v1/geofences/{geofence_id}", scope=WRITE)
async def replace_geofence(request: Request, geofence_id: UUID, body: GeofenceDraft) -> Geofence:
    """Replace name and shape of a geofence. Send its ETag as If-Match to change only what you have read."""
    shape = read_shape(bytes(body.shape))
    return await request.ask(
        ChangeGeofence(geofence_id=geofence_id, name=body.name, shape=shape, expected_version=request.expected_version)
    )


@routes.delete("/v1/geofences/{geofence_id}", scope=WRITE)
async def delete_geofence(request: Request, geofence_id: UUID) -> None:
    """Remove a geofence. Its crossings stay in the history."""
    await request.ask(DeleteGeofence(geofence_id=geofence_id, expected_version=request.expected_version))


@routes.get("/v1/geofences/{geofence_id}/vehicles", scope=READ)
async def list_occupants(request: Request, geofence_id: UUID, query: PageQuery) -> Page[Occupant]:
    """List the vehicles inside a geofence, each as of its last fix."""
    await GEOFENCES.found(request, geofence_id)
    return await page_of(request, query, OCCUPANTS, {"geofence_id": geofence_id})


@routes.post("/v1/geofences:test", scope=READ)
async def find_geofences_of_points(request: Request, body: PointTest) -> PointResults:
    """Tell for each of some points in which geofences it lies."""
    spots = [Spot(point.lat, point.lon) for point in body.points]
    boxes = [Box(spot.lon, spot.lat, spot.lon, spot.lat) for spot in spots]
    regions = await regions_in(request, boxes)
    weight = len(spots) * sum(region.weight for region in regions.values())
    found = await done(weight, _found_in, spots, regions)
    return PointResults(
        items=[PointResult(lat=spot.lat, lon=spot.lon, geofence_ids=ids) for spot, ids in zip(spots, found, strict=True)]
    )


def _found_in(spots: Sequence[Spot], regions: Mapping[UUID, Region]) -> list[list[UUID]]:
    """For each spot the fences that cover it."""
    covered = {number: region.covers_all(spots) for number, region in regions.items()}
    return [[number for number, answers in covered.items() if answers[index]] for index in range(len(spots))]
