"""Where vehicles are, over HTTP."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from modules.puabo_nexus.location.contract import READ, Latitude, Longitude
from modules.puabo_nexus.location.domain.box import around
from modules.puabo_nexus.location.domain.geodesy import HALFWAY_ROUND_M
from modules.puabo_nexus.location.domain.geojson import read_shape
from modules.puabo_nexus.location.domain.nearness import is_within
from modules.puabo_nexus.location.domain.shapes import checked, region_of
from modules.puabo_nexus.location.domain.spot import Spot
from modules.puabo_nexus.location.queries import places
from modules.puabo_nexus.location.queries import positions as queries
from modules.puabo_nexus.location.queries.places import PlaceCursor, WatchedPlace
from modules.puabo_nexus.location.queries.positions import LivePosition
from modules.puabo_nexus.location.routes.area import AreaDocument
from modules.puabo_nexus.location.routes.page import page_of
from nexus_actors.http import Page, PageQuery, Request, Routes, found

routes = Routes(tag="positions")

MOST_NEAREST = 200

Metres = Annotated[float, Meta(gt=0, le=HALFWAY_ROUND_M)]


class NearestQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which vehicles are nearest.

    Attributes:
        lat: of the point, with ``lon``.
        k: how many are wanted.
        max_distance_m: how far away they may be, in metres along the ellipsoid.
    """

    lat: Latitude
    lon: Longitude
    k: Annotated[int, Meta(ge=1, le=MOST_NEAREST)] = 10
    max_distance_m: Metres = HALFWAY_ROUND_M


class NearbyVehicle(Struct, frozen=True, kw_only=True):
    """A vehicle and how far it is away, in metres along the ellipsoid."""

    distance_m: float
    position: LivePosition


class NearestVehicles(Struct, frozen=True, kw_only=True):
    """The nearest vehicles, nearest first, equal distances by id."""

    items: list[NearbyVehicle]


class WithinCircleQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which circle to look in: the points at most ``radius_m`` metres from one, along the ellipsoid."""

    lat: Latitude
    lon: Longitude
    radius_m: Metres


class WithinArea(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which area to look in."""

    area: AreaDocument


@routes.get("/v1/vehicles/{vehicle_id}/position", scope=READ)
async def get_position(request: Request, vehicle_id: UUID) -> LivePosition:
    """Show where a vehicle is, and how old that is."""
    return found(await queries.position(request.db, request.tenant, vehicle_id, request.now), "position")


@routes.get("/v1/vehicles", scope=READ)
async def list_positions(request: Request, query: PageQuery) -> Page[LivePosition]:
    """List where all vehicles are, by id."""
    items = await queries.positions(
        request.db, request.tenant, request.now, after=request.cursor(query, UUID), limit=query.limit + 1
    )
    return page_of(items, query.limit, lambda position: position.vehicle_id)


@routes.get("/v1/nearest", scope=READ)
async def find_nearest(request: Request, query: NearestQuery) -> NearestVehicles:
    """Find the vehicles nearest to a point, by the distance as the crow flies."""
    nearest = await queries.nearest_to(
        request.db,
        request.tenant,
        request.now,
        lat=query.lat,
        lon=query.lon,
        count=query.k,
        within_m=query.max_distance_m,
    )
    return NearestVehicles(items=[NearbyVehicle(distance_m=near.distance_m, position=near.thing) for near in nearest])


@routes.get("/v1/within", scope=READ)
async def list_within_circle(request: Request, query: WithinCircleQuery) -> Page[LivePosition]:
    """List the vehicles in a circle, by id."""
    items = await queries.positions_where(
        request.db,
        request.tenant,
        request.now,
        lambda position: is_within(query.lat, query.lon, position, query.radius_m),
        box=around(query.lat, query.lon, query.radius_m),
        after=request.cursor(query, UUID),
        limit=query.limit + 1,
    )
    return page_of(items, query.limit, lambda position: position.vehicle_id)


@routes.post("/v1/within", scope=READ)
async def list_within_area(request: Request, body: WithinArea) -> Page[LivePosition]:
    """List the vehicles in an area, by id. The next page is asked for with the same body and its cursor."""
    region = region_of(checked(read_shape(bytes(body.area), "$.area"), "$.area"))
    items = await queries.positions_where(
        request.db,
        request.tenant,
        request.now,
        lambda position: region.covers(Spot(position.lat, position.lon)),
        box=region.box,
        after=request.cursor(body, UUID),
        limit=body.limit + 1,
    )
    return page_of(items, body.limit, lambda position: position.vehicle_id)


@routes.get("/v1/vehicles/{vehicle_id}/places", scope=READ)
async def list_places(request: Request, vehicle_id: UUID, query: PageQuery) -> Page[WatchedPlace]:
    """List the places of deliveries under way that a vehicle is watched for."""
    items = await places.watched_places(
        request.db, request.tenant, vehicle_id, after=request.cursor(query, PlaceCursor), limit=query.limit + 1
    )
    return page_of(items, query.limit, lambda place: PlaceCursor(place.delivery_id, place.place))
