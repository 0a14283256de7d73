import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.geography.box import Box, bounding, joined
from modules.geography.longitude import near, wrap
from tests.modules.geography.boxes import boxes, inside, point_in


@given(st.floats(-180, 180), st.floats(-1000, 1000))
def test_near_is_the_same_meridian_at_most_half_a_turn_away(lon: float, reference: float) -> None:
    found = near(lon, reference)
    assert abs(found - reference) <= 180 + 1e-9
    assert (found - lon) % 360 == pytest.approx(0, abs=1e-9) or (found - lon) % 360 == pytest.approx(360, abs=1e-9)


@given(st.floats(-180, 180))
def test_wrap_leaves_what_is_in_range_as_it_is(lon: float) -> None:
    assert wrap(lon) == lon
    assert -180 <= wrap(lon + 360) <= 180
    assert abs((wrap(lon + 360) - lon + 180) % 360 - 180) < 1e-9


@given(boxes(), boxes(), inside)
def test_boxes_that_share_a_point_overlap(one: Box, other: Box, shares: tuple[float, float]) -> None:
    lon, lat = point_in(one, shares)
    shared = other.south <= lat <= other.north and (lon - other.west) % 360 <= other.east - other.west
    if shared:
        assert one.overlaps(other)
        assert other.overlaps(one)
        assert any(image.west <= other.east and other.west <= image.east for image in one.normal().images())


def test_boxes_overlap_across_the_antimeridian_and_not_elsewhere() -> None:
    fiji = Box(177.0, -19.0, 182.0, -16.0)
    assert fiji.overlaps(Box(-179.0, -18.0, -178.5, -17.0))
    assert not fiji.overlaps(Box(-177.0, -18.0, -176.0, -17.0))
    assert not fiji.overlaps(Box(179.0, 0.0, 180.0, 1.0))


def test_joined_boxes_go_the_shorter_way() -> None:
    assert joined([Box(170, 0, 180, 1), Box(-180, -1, -175, 0)]) == Box(170, -1, 185, 1)
    assert joined([Box(-10, 0, 10, 1), Box(20, 0, 30, 1)]) == Box(-10, 0, 30, 1)
    assert joined([Box(5, 0, 6, 1)]) == Box(5, 0, 6, 1)


@given(st.lists(boxes().filter(lambda box: box.east - box.west < 100), min_size=1, max_size=5), inside)
def test_joined_boxes_hold_each_of_them(parts: list[Box], shares: tuple[float, float]) -> None:
    whole = joined([part.normal() for part in parts])
    for part in parts:
        lon, lat = point_in(part, shares)
        assert whole.south <= lat <= whole.north
        assert (lon - whole.west + 1e-9) % 360 <= whole.east - whole.west + 2e-9


def test_bounding_is_the_smallest_box() -> None:
    assert bounding([(1, 2), (-1, 5), (0, 0)]) == Box(-1, 0, 1, 5)
