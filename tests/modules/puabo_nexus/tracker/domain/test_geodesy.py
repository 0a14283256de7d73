import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import example, given
from hypothesis import strategies as st

from modules.puabo_nexus.tracker.domain.geodesy import distance_m

latitudes = st.floats(-90, 90, allow_nan=False)
longitudes = st.floats(-180, 180, allow_nan=False)


def geodesic_m(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    exact: float = Geodesic.WGS84.Inverse(lat_a, lon_a, lat_b, lon_b)["s12"]
    return exact


@given(lat=latitudes, lon=longitudes, north=st.floats(-1, 1), east=st.floats(-1, 1))
@example(lat=88.9, lon=0.0, north=0.1, east=1.0)
@example(lat=0.0, lon=179.9, north=0.0, east=0.5)
def test_a_short_way_is_as_long_as_the_geodesic(lat: float, lon: float, north: float, east: float) -> None:
    lat_b = max(-90.0, min(90.0, lat + north))
    exact = geodesic_m(lat, lon, lat_b, lon + east)
    assert distance_m(lat, lon, lat_b, lon + east) == pytest.approx(exact, rel=1e-6, abs=1e-6)


@given(latitudes, longitudes, latitudes, longitudes)
def test_any_way_is_as_long_as_the_geodesic_in_either_direction(a: float, b: float, c: float, d: float) -> None:
    exact = geodesic_m(a, b, c, d)
    assert distance_m(a, b, c, d) == pytest.approx(exact, rel=1e-6, abs=1e-6)
    assert distance_m(c, d, a, b) == pytest.approx(exact, rel=1e-6, abs=1e-6)


def test_the_antimeridian_is_a_line_like_any_other() -> None:
    assert distance_m(10.0, 179.999, 10.0, -179.999) == pytest.approx(distance_m(10.0, 5.0, 10.0, 5.002), rel=1e-9)


def test_a_point_is_no_way_from_itself() -> None:
    assert distance_m(45.0, 13.0, 45.0, 13.0) == 0.0
