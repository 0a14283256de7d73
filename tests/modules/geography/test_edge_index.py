"""GEOS, asked of many paths and points at once, says what the edges in Python say of each."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.geography import area
from modules.geography.area import Area
from modules.geography.region import Path
from modules.geography.spot import Spot
from modules.puabo_nexus.location.contract import MultiPolygon, Polygon
from modules.puabo_nexus.location.domain.fix import Fix
from modules.puabo_nexus.location.domain.leg import Leg
from modules.puabo_nexus.location.domain.shapes import region_of
from tests.modules.puabo_nexus.location.domain.drawing import START, polygons, square

MOST = 100
grid = st.integers(-3, 3).map(lambda number: number / 250)


def leg(ay: float, ax: float, by: float, bx: float) -> Leg:
    return Leg(Fix(START, ay, ax), Fix(START + timedelta(seconds=10), by, bx))


def of_geos(region: object, paths: list[Path], spots: list[Spot]) -> tuple[list[list[float]], list[bool]]:
    assert isinstance(region, Area)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(area, "_LIGHT", 0)
        return region.meetings_of(paths, MOST), region.covers_all(spots)


def of_python(region: object, paths: list[Path], spots: list[Spot]) -> tuple[list[list[float]], list[bool]]:
    assert isinstance(region, Area)
    return [sorted(region.meetings(path)) for path in paths], [region.covers(spot) for spot in spots]


@given(polygons(), st.lists(st.tuples(grid, grid, grid, grid), min_size=1, max_size=5))
def test_both_meet_and_cover_alike(shape: Polygon, ways: list[tuple[float, float, float, float]]) -> None:
    legs: list[Path] = [leg(45 + ay, 15 + ax, 45 + by, 15 + bx) for ay, ax, by, bx in ways]
    spots = [Spot(45 + ay, 15 + ax) for ay, ax, _, _ in ways]
    met, covered = of_geos(region_of(shape), legs, spots)
    expected_met, expected = of_python(region_of(shape), legs, spots)
    assert covered == expected
    # The tree knows boxes and the slabs know latitudes: one of them may see an edge twice.
    assert [sorted(set(shares)) for shares in met] == [sorted(set(shares)) for shares in expected_met]


@given(st.lists(st.tuples(grid, grid, grid, grid), min_size=1, max_size=5))
def test_both_see_across_the_antimeridian(ways: list[tuple[float, float, float, float]]) -> None:
    cut = MultiPolygon((square(179.995, -1, 180, 1).coordinates, square(-180, -1, -179.995, 1).coordinates))
    ends = [(lat, lon - 180 if lon > 0 else lon + 180) for way in ways for lat, lon in (way[:2], way[2:])]
    legs: list[Path] = [leg(*before, *after) for before, after in zip(ends[::2], ends[1::2], strict=True)]
    spots = [Spot(*end) for end in [*ends, (0.0, 180.0), (0.0, -180.0)]]
    met, covered = of_geos(region_of(cut), legs, spots)
    expected_met, expected = of_python(region_of(cut), legs, spots)
    assert covered == expected
    assert [sorted(set(shares)) for shares in met] == [sorted(set(shares)) for shares in expected_met]


def test_what_lies_on_an_edge_meets_it_at_both_ends() -> None:
    region, along = region_of(square(15, 45, 15.01, 45.01)), leg(45, 14.99, 45, 15.02)
    met, _ = of_geos(region, [along], [])
    assert sorted({round(share, 9) for share in met[0]}) == [pytest.approx(1 / 3), pytest.approx(2 / 3)]


def test_of_many_meetings_the_outer_ones_are_kept() -> None:
    teeth = [(15 + x / 1000, 45 + y / 100) for x in range(0, 40, 2) for y in (0, 1, 1, 0)]
    comb = [(lon + (step % 4 > 1) / 1000, lat) for step, (lon, lat) in enumerate(teeth)]
    region = Area([[comb]])
    through: list[Path] = [leg(45.005, 14.99, 45.005, 15.05)]
    whole = sorted(region.meetings(through[0]))
    assert len(whole) == 40
    assert region.meetings_of(through, 3) == [[*whole[:3], *whole[-3:]]]
