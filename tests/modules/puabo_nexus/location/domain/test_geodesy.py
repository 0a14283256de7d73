from math import dist

import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from modules.puabo_nexus.location.domain.box import around
from modules.puabo_nexus.location.domain.geodesy import (
    SPHERE_ERROR,
    chord_m,
    geodesic_distance_m,
    sphere_distance_m,
    vector_m,
)

lats = st.floats(-90, 90)
lons = st.floats(-180, 180)


def test_geodesic_distance_is_that_of_a_published_case() -> None:
    # JFK to Heathrow, the example in the manual of GeographicLib's GeodSolve.
    assert geodesic_distance_m(40.6, -73.8, 51.6, -0.5) == pytest.approx(5_551_759.400, abs=0.001)


@given(lats, lons, lats, lons)
def test_the_fast_distance_keeps_within_its_error(lat: float, lon: float, other_lat: float, other_lon: float) -> None:
    exact = geodesic_distance_m(lat, lon, other_lat, other_lon)
    assert sphere_distance_m(lat, lon, other_lat, other_lon) == pytest.approx(exact, rel=SPHERE_ERROR, abs=0.001)


@given(lats, lons, st.floats(0, 360), st.floats(1, 100_000))
def test_the_chord_of_a_distance_is_right_to_three_parts_in_ten_million(
    lat: float, lon: float, bearing_deg: float, distance_m: float
) -> None:
    end = Geodesic.WGS84.Direct(lat, lon, bearing_deg, distance_m)
    chord = dist(vector_m(lat, lon), vector_m(end["lat2"], end["lon2"]))
    assert chord == pytest.approx(chord_m(distance_m), rel=3e-7, abs=1e-6)


@given(lats, lons, st.floats(0, 360), st.floats(0, 1), st.floats(1, 15_000_000))
def test_a_box_around_a_point_holds_what_is_near_it(
    lat: float, lon: float, bearing_deg: float, share: float, radius_m: float
) -> None:
    end = Geodesic.WGS84.Direct(lat, lon, bearing_deg, share * radius_m)
    box = around(lat, lon, radius_m)
    assert box.south <= end["lat2"] <= box.north
    assert (end["lon2"] - box.west) % 360 <= box.east - box.west
    assert -180 <= box.west <= 180
