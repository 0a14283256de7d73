from itertools import pairwise

import pytest
from hypothesis import example, given

from modules.geography.box import Box, around
from modules.geography.longitude import wrap
from modules.puabo_nexus.location.domain.cells import cell_of, cells_in
from tests.modules.geography.boxes import boxes, inside, point_in


@given(boxes(), inside)
@example(Box(0.0, 0.0, 180.99999999999997, 0.0), (1.0, 0.0))
def test_cells_in_a_box_hold_every_point_of_it_once(box: Box, shares: tuple[float, float]) -> None:
    lon, lat = point_in(box, shares)
    cell = cell_of(lat, wrap(lon))
    ranges = cells_in(box)
    assert sum(low <= cell <= high for low, high in ranges) == 1
    assert all(low <= high for low, high in ranges)
    ordered = sorted(ranges)
    assert all(before.high < after.low for before, after in pairwise(ordered))


@pytest.mark.parametrize("lon", [180.0, -180.0])
@pytest.mark.parametrize(
    "box",
    [Box(179.0, 0.0, 180.0, 1.0), Box(-180.0, 0.0, -179.0, 1.0), Box(179.5, 0.0, 180.5, 1.0), around(0.5, 180.0, 1000)],
)
def test_both_numbers_of_the_antimeridian_are_looked_for(lon: float, box: Box) -> None:
    cell = cell_of(0.5, lon)
    assert any(low <= cell <= high for low, high in cells_in(box))


def test_a_box_round_the_globe_is_one_range_of_cells() -> None:
    assert len(cells_in(around(89.0, 0.0, 1_000_000))) == 1
