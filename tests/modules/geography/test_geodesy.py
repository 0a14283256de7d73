from math import dist

import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import example, given
from hypothesis import strategies as st

from modules.geography.box import around
from modules.geography.geodesy import (
    SPHERE_ERROR,
    chord_m,
    distance_m,
    geodesic_distance_m,
    sphere_distance_m,
    vector_m,
)

lats = st.floats(-90, 90)
lons = st.floats(-180, 180)


def test_geodesic_distance_is_that_of_a_published_case() -> None:
    # JFK to Heathrow, the example in the manual of GeographicLib's GeodSolve.
    assert geodesic_distance_m(40.6, -73.8, 51.6, -0.5) == pytest.approx(5_551_759.400, abs=0.001)


@given(lats, lons, st.floats(-1, 1), st.floats(-1, 1))
@example(88.9, 0.0, 0.1, 1.0)
@example(0.0, 179.9, 0.0, 0.5)
def test_a_short_way_is_as_long_as_the_geodesic(lat: float, lon: float, north: float, east: float) -> None:
    other_lat = max(-90.0, min(90.0, lat + north))
    exact = geodesic_distance_m(lat, lon, other_lat, lon + east)
    assert distance_m(lat, lon, other_lat, lon + east) == pytest.approx(exact, rel=1e-6, abs=1e-6)


@given(lats, lons, lats, lons)
def test_any_way_is_as_long_as_the_geodesic_in_either_direction(a: float, b: float, c: float, d: float) -> None:
    exact = geodesic_distance_m(a, b, c, d)
    assert distance_m(a, b, c, d) == pytest.approx(exact, rel=1e-6, abs=1e-6)
    assert distance_m(c, d, a, b) == pytest.approx(exact, rel=1e-6, abs=1e-6)


def test_the_antimeridian_is_a_line_like_any_other() -> None:
    assert distance_m(10.0, 179.999, 10.0, -179.999) == pytest.approx(distance_m(10.0, 5.0, 10.0, 5.002), rel=1e-9)


def test_a_point_is_no_way_from_itself() -> None:
    assert distance_m(45.0, 13.0, 45.0, 13.0) == 0.0


@given(lats, lons, lats, lons)
def test_the_fast_distance_keeps_within_its_error(lat: float, lon: float, other_lat: float, other_lon: float) -> None:
    exact = geodesic_distance_m(lat, lon, other_lat, other_lon)
    assert sphere_distance_m(lat, lon, other_lat, other_lon) == pytest.approx(exact, rel=SPHERE_ERROR, abs=0.001)


@given(lats, lons, st.floats(0, 360), st.floats(1, 100_000))
def test_the_chord_of_a_distance_is_right_to_three_parts_in_ten_million(
    lat: float, lon: float, bearing_deg: float, arc_m: float
) -> None:
    end = Geodesic.WGS84.Direct(lat, lon, bearing_deg, arc_m)
    chord = dist(vector_m(lat, lon), vector_m(end["lat2"], end["lon2"]))
    assert chord == pytest.approx(chord_m(arc_m), rel=3e-7, abs=1e-6)


@given(lats, lons, st.floats(0, 360), st.floats(0, 1), st.floats(1, 15_000_000))
def test_a_box_around_a_point_holds_what_is_near_it(
    lat: float, lon: float, bearing_deg: float, share: float, radius_m: float
) -> None:
    end = Geodesic.WGS84.Direct(lat, lon, bearing_deg, share * radius_m)
    box = around(lat, lon, radius_m)
    assert box.south <= end["lat2"] <= box.north
    assert (end["lon2"] - box.west) % 360 <= box.east - box.west
    assert -180 <= box.west <= 180
