"""Where vehicles are, over HTTP."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct
from msgspec.structs import asdict

from modules.geography.box import Box, around
from modules.geography.geodesy import HALFWAY_ROUND_M
from modules.geography.off_loop import done
from modules.geography.spot import Spot
from modules.puabo_nexus.location.contract import READ, Latitude, Longitude
from modules.puabo_nexus.location.domain.geojson import read_shape
from modules.puabo_nexus.location.domain.nearness import is_within
from modules.puabo_nexus.location.domain.shapes import checked, region_of, weight_of
from modules.puabo_nexus.location.queries.positions import nearest_to, position_of, positions_where
from modules.puabo_nexus.location.routes.area import AreaDocument
from modules.puabo_nexus.location.tables import PLACES, POSITIONS, WatchedPlace, Whereabouts
from nexus_actors.http import Page, PageQuery, Request, Routes, found, page_from, page_of

routes = Routes(tag="positions")

MOST_NEAREST = 200

Metres = Annotated[float, Meta(gt=0, le=HALFWAY_ROUND_M)]


class LivePosition(Whereabouts, frozen=True, kw_only=True):
    """Where a vehicle was when it was last heard of.

    Attributes:
        fix_at: when it was there, by its device's clock.
        received_at: when the platform learned of it.
        age_s: seconds between ``fix_at`` and the request.
    """

    age_s: float


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
    return _aged(found(await position_of(request, vehicle_id), "position"), request.now)


@routes.get("/v1/vehicles", scope=READ)
async def list_positions(request: Request, query: PageQuery) -> Page[LivePosition]:
    """List where all vehicles are, by id."""
    return _page(await page_of(request, query, POSITIONS, {}), request.now)


@routes.get("/v1/nearest", scope=READ)
async def find_nearest(request: Request, query: NearestQuery) -> NearestVehicles:
    """Find the vehicles nearest to a point, by the distance as the crow flies."""
    nearest = await nearest_to(request, query.lat, query.lon, count=query.k, within_m=query.max_distance_m)
    items = [NearbyVehicle(distance_m=near.distance_m, position=_aged(near.thing, request.now)) for near in nearest]
    return NearestVehicles(items=items)


@routes.get("/v1/within", scope=READ)
async def list_within_circle(request: Request, query: WithinCircleQuery) -> Page[LivePosition]:
    """List the vehicles in a circle, by id."""
    box = around(query.lat, query.lon, query.radius_m)
    return await _within(request, query, box, lambda at: is_within(query.lat, query.lon, at, query.radius_m))


@routes.post("/v1/within", scope=READ)
async def list_within_area(request: Request, body: WithinArea) -> Page[LivePosition]:
    """List the vehicles in an area, by id. The next page is asked for with the same body and its cursor."""
    shape = read_shape(bytes(body.area), "$.area")
    region = region_of(await done(weight_of(shape), checked, shape, "$.area"))
    return await _within(request, body, region.box, lambda at: region.covers(Spot(at.lat, at.lon)))


@routes.get("/v1/vehicles/{vehicle_id}/places", scope=READ)
async def list_places(request: Request, vehicle_id: UUID, query: PageQuery) -> Page[WatchedPlace]:
    """List the places of deliveries under way that a vehicle is watched for."""
    return await page_of(request, query, PLACES, {"vehicle_id": vehicle_id})


async def _within(request: Request, query: PageQuery, box: Box, is_wanted: Callable[[Whereabouts], bool]) -> Page[LivePosition]:
    after = request.cursor(query, UUID)
    items = await positions_where(request, is_wanted, box=box, after=after, limit=query.limit + 1)
    return _page(page_from(items, query.limit, POSITIONS.cursor), request.now)


def _page(page: Page[Whereabouts], now: datetime) -> Page[LivePosition]:
    return Page(items=[_aged(at, now) for at in page.items], next=page.next)


def _aged(at: Whereabouts, now: datetime) -> LivePosition:
    return LivePosition(**asdict(at), age_s=max(0.0, (now - at.fix_at).total_seconds()))
