from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.geography.box import around
from modules.geography.geodesy import HALFWAY_ROUND_M, geodesic_distance_m
from modules.puabo_nexus.location.domain.cells import cell_of, cells_in
from modules.puabo_nexus.location.domain.nearness import Distant, is_within, nearest, search_radii


class Van(NamedTuple):
    vehicle_id: UUID
    lat: float
    lon: float


places = st.one_of(
    st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
    # Where it is difficult: the antimeridian, the poles, and a crowd in which many stand on the same spot.
    st.tuples(st.floats(-1, 1), st.sampled_from([180.0, -180.0, 179.999, -179.999, 179.9, -179.9])),
    st.tuples(st.sampled_from([90.0, -90.0, 89.999, -89.999, 89.9]), st.floats(-180, 180)),
    st.tuples(st.integers(0, 3).map(lambda n: 45 + n / 1000), st.integers(0, 3).map(lambda n: 15 + n / 1000)),
)
fleets = st.lists(places, max_size=40).map(lambda drawn: [Van(UUID(int=n), *place) for n, place in enumerate(drawn)])


def brute_force(lat: float, lon: float, vans: list[Van], count: int, within_m: float) -> list[UUID]:
    measured = sorted((geodesic_distance_m(lat, lon, van.lat, van.lon), van.vehicle_id) for van in vans)
    return [vehicle_id for distance, vehicle_id in measured if distance <= within_m][:count]


@given(places, fleets, st.integers(1, 12), st.one_of(st.just(HALFWAY_ROUND_M), st.floats(1, 1e7)))
def test_nearest_is_brute_force(place: tuple[float, float], vans: list[Van], count: int, within_m: float) -> None:
    found = nearest(*place, reversed(vans), count, within_m)
    assert [distant.thing.vehicle_id for distant in found] == brute_force(*place, vans, count, within_m)
    assert [distant.distance_m for distant in found] == sorted(distant.distance_m for distant in found)


@given(places, fleets, st.integers(1, 12), st.one_of(st.just(HALFWAY_ROUND_M), st.floats(1, 1e7)))
def test_searching_in_growing_circles_is_brute_force(
    place: tuple[float, float], vans: list[Van], count: int, within_m: float
) -> None:
    """As the service searches: by the cells of a box around each circle."""
    found: list[Distant[Van]] = []
    for radius_m in search_radii(within_m):
        cells = cells_in(around(*place, radius_m))
        seen = [van for van in vans if any(low <= cell_of(van.lat, van.lon) <= high for low, high in cells)]
        found = nearest(*place, seen, count, radius_m)
        if len(found) == count:
            break
    assert [distant.thing.vehicle_id for distant in found] == brute_force(*place, vans, count, within_m)


@given(places, places, st.floats(0.001, 2e7))
def test_within_is_decided_by_the_geodesic(place: tuple[float, float], other: tuple[float, float], radius_m: float) -> None:
    exact = geodesic_distance_m(*place, *other) <= radius_m
    assert is_within(*place, Van(UUID(int=1), *other), radius_m) == exact


@pytest.mark.parametrize("farthest_m", [1.0, 1_000.0, 5_000.0, HALFWAY_ROUND_M])
def test_circles_grow_up_to_the_farthest(farthest_m: float) -> None:
    radii = list(search_radii(farthest_m))
    assert radii[-1] == farthest_m
    assert all(small < large for small, large in pairwise(radii))
    assert len(radii) <= 11
