"""How far places are apart."""

import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from modules.puabo_nexus.fleet.domain.distance import distance_m

latitudes, longitudes = st.floats(-90, 90), st.floats(-180, 180)


@given(latitudes, longitudes, latitudes, longitudes)
def test_distance_is_that_of_the_ellipsoid_within_0_6_percent(lat1: float, lon1: float, lat2: float, lon2: float) -> None:
    geodesic_m = Geodesic.WGS84.Inverse(lat1, lon1, lat2, lon2)["s12"]

    assert distance_m(lat1, lon1, lat2, lon2) == pytest.approx(geodesic_m, rel=0.006, abs=0.001)
    assert distance_m(lat2, lon2, lat1, lon1) == pytest.approx(distance_m(lat1, lon1, lat2, lon2), rel=1e-9, abs=1e-6)
