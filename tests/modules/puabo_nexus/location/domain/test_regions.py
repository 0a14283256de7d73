from itertools import pairwise

import pytest
import shapely
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from modules.geography.spot import Spot
from modules.puabo_nexus.location.contract import Circle, MultiPolygon, Polygon
from modules.puabo_nexus.location.domain.fix import Fix
from modules.puabo_nexus.location.domain.leg import Leg
from modules.puabo_nexus.location.domain.shapes import checked, region_of, region_of_json
from tests.modules.puabo_nexus.location.domain.drawing import START, polygons, shapely_of, square

near = st.floats(-0.012, 0.012)


@given(polygons(), near, near)
def test_a_polygon_covers_what_shapely_says_it_covers(shape: Polygon, dx: float, dy: float) -> None:
    spot = Spot(45.0 + dy, 15.0 + dx)
    expected = shapely_of(shape).covers(shapely.Point(spot.lon, spot.lat))
    assert region_of(shape).covers(spot) == expected


@given(polygons(), st.data())
def test_corners_and_exact_middles_of_edges_belong_to_a_polygon(shape: Polygon, data: st.DataObject) -> None:
    ring = data.draw(st.sampled_from(shape.coordinates))
    (lon, lat), (next_lon, next_lat) = data.draw(st.sampled_from(list(pairwise(ring))))
    region = region_of(shape)
    assert region.covers(Spot(lat, lon))
    middle = Spot((lat + next_lat) / 2, (lon + next_lon) / 2)
    assert region.covers(middle) == shapely_of(shape).covers(shapely.Point(middle.lon, middle.lat))


def test_holes_are_outside_and_their_edges_inside() -> None:
    with_hole = Polygon((*square(0, 0, 10, 10).coordinates, *square(4, 4, 6, 6).coordinates))
    region = region_of(with_hole)
    assert region.covers(Spot(5, 1))
    assert not region.covers(Spot(5, 5))
    assert region.covers(Spot(4, 5))
    assert region.covers(Spot(4, 4))
    assert not region.covers(Spot(5, 11))


@given(st.floats(0, 360), st.floats(0.0, 2.0), st.floats(-84, 84), st.floats(-180, 180), st.floats(5, 100_000))
def test_a_circle_is_right_to_half_a_percent_of_its_radius_and_far_better(
    bearing_deg: float, share: float, lat: float, lon: float, radius_m: float
) -> None:
    point = Geodesic.WGS84.Direct(lat, lon, bearing_deg, share * radius_m)
    covered = region_of(Circle(lat, lon, radius_m)).covers(Spot(point["lat2"], point["lon2"]))
    if share <= 1 - 1e-6:
        assert covered
    if share >= 1 + 1e-6:
        assert not covered


def test_areas_cut_at_the_antimeridian_are_one() -> None:
    cut = MultiPolygon((square(170, -10, 180, 10).coordinates, square(-180, -10, -170, 10).coordinates))
    region = region_of(cut)
    assert tuple(region.box) == (170.0, -10.0, 190.0, 10.0)
    for lon in (175.0, 180.0, -180.0, -175.0):
        assert region.covers(Spot(0, lon))
    assert not region.covers(Spot(0, 165))
    assert not region.covers(Spot(0, -165))
    half = region_of(square(170, -10, 180, 10))
    assert half.covers(Spot(0, -180.0)), "180 and -180 are the same meridian"
    assert not half.covers(Spot(0, -179.999))


@given(polygons(), near, near, near, near)
def test_a_leg_meets_a_polygon_where_shapely_says_so(shape: Polygon, ax: float, ay: float, bx: float, by: float) -> None:
    leg = Leg(Fix(START, 45 + ay, 15 + ax), Fix(START, 45 + by, 15 + bx))
    line = shapely.LineString([leg.start, leg.end])
    boundary = shapely_of(shape).boundary
    shares = list(region_of(shape).meetings(leg))
    for share in shares:
        spot = leg.spot_at(share)
        assert boundary.distance(shapely.Point(spot.lon, spot.lat)) < 1e-9
    if line.length > 1e-6:
        crossed = shapely.get_num_coordinates(line.intersection(boundary))
        assert len({round(share, 9) for share in shares}) >= min(crossed, 1)


@pytest.mark.parametrize("lon", [15.0, 179.999, -179.999])
@pytest.mark.parametrize("lat", [-80.0, 0.0, 60.0])
def test_a_leg_meets_a_circle_at_its_radius(lat: float, lon: float) -> None:
    region = region_of(Circle(lat, lon, 20_000))
    west = Geodesic.WGS84.Direct(lat, lon, 260, 24_000)
    east = Geodesic.WGS84.Direct(lat, lon, 85, 25_000)
    leg = Leg(Fix(START, west["lat2"], west["lon2"]), Fix(START, east["lat2"], east["lon2"]))
    shares = sorted(region.meetings(leg))
    assert len(shares) == 2
    for share in shares:
        spot = leg.spot_at(share)
        distance = Geodesic.WGS84.Inverse(lat, lon, spot.lat, spot.lon)["s12"]
        assert distance == pytest.approx(20_000, abs=5)


def test_regions_are_remembered_by_their_text() -> None:
    text = b'{"type":"Circle","lat":1.0,"lon":2.0,"radius_m":50.0}'
    assert region_of_json(text) is region_of_json(bytes(bytearray(text)))
    assert region_of_json(text).covers(Spot(1.0, 2.0))


@given(polygons())
def test_checking_a_valid_polygon_keeps_what_it_covers(shape: Polygon) -> None:
    kept = checked(shape)
    assert isinstance(kept, Polygon)
    assert shapely.equals(shapely_of(kept), shapely_of(shape))
    assert checked(kept) == kept
    shell, *holes = [shapely.LinearRing(ring) for ring in kept.coordinates]
    assert shell.is_ccw
    assert not any(hole.is_ccw for hole in holes)
