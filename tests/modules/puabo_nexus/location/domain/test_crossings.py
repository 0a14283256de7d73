from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.geography.region import Region
from modules.geography.spot import Spot
from modules.puabo_nexus.location.contract import Circle, MultiPolygon, Polygon, Shape
from modules.puabo_nexus.location.domain.crossings import Crossing, newer, walk
from modules.puabo_nexus.location.domain.fix import Fix
from modules.puabo_nexus.location.domain.leg import boxes_of
from modules.puabo_nexus.location.domain.shapes import region_of
from tests.modules.puabo_nexus.location.domain.drawing import START, circles, drives, polygons, square

shapes = st.one_of(polygons(), circles(), st.just(square(15.0, 45.0, 15.005, 45.005)))
fence_sets = st.lists(shapes, min_size=1, max_size=4).map(
    lambda drawn: {f"fence-{i}": region_of(s) for i, s in enumerate(drawn)}
)


def at(seconds: float, lat: float, lon: float) -> Fix:
    return Fix(START + timedelta(seconds=seconds), lat, lon)


def told(crossings: list[Crossing]) -> list[tuple[str, str, str]]:
    return [(crossing.fence, crossing.direction, crossing.cause) for crossing in crossings]


def go(fixes: list[Fix], **fences: Shape) -> list[Crossing]:
    return walk(None, fixes, {name: region_of(shape) for name, shape in fences.items()}, ()).crossings


SQUARE = square(15.0, 45.0, 15.01, 45.01)


def test_a_drive_through_a_fence_enters_and_exits_at_the_interpolated_instants() -> None:
    crossings = go([at(0, 45.005, 14.99), at(30, 45.005, 15.02)], square=SQUARE)
    assert told(crossings) == [("square", "entered", "crossed"), ("square", "exited", "crossed")]
    assert [crossing.crossed_at - START for crossing in crossings] == [timedelta(seconds=10), timedelta(seconds=20)]
    assert [(crossing.lat, crossing.lon) for crossing in crossings] == [
        pytest.approx((45.005, 15.0)),
        pytest.approx((45.005, 15.01)),
    ]
    assert all(crossing.fix_at == START + timedelta(seconds=30) for crossing in crossings)


def test_the_first_fix_ever_enters_the_fences_it_lies_in_at_its_own_time() -> None:
    crossings = go([at(7, 45.005, 15.005)], square=SQUARE, far=square(0, 0, 1, 1))
    assert told(crossings) == [("square", "entered", "found")]
    assert crossings[0].crossed_at == crossings[0].fix_at == START + timedelta(seconds=7)


def test_several_fences_on_one_leg_come_in_the_order_of_time() -> None:
    crossings = go(
        [at(0, 45.005, 14.98), at(100, 45.005, 15.08)],
        b=square(15.02, 45.0, 15.04, 45.01),
        a=square(15.03, 45.0, 15.05, 45.01),
        c=Circle(45.005, 15.0, 500.0),
    )
    assert [(crossing.fence, crossing.direction) for crossing in crossings] == [
        ("c", "entered"),
        ("c", "exited"),
        ("b", "entered"),
        ("a", "entered"),
        ("b", "exited"),
        ("a", "exited"),
    ]


def test_touching_a_corner_in_passing_is_no_crossing() -> None:
    assert go([at(0, 44.995, 15.005), at(10, 45.005, 14.995)], square=SQUARE) == []


def test_driving_along_an_edge_is_inside() -> None:
    crossings = go([at(0, 45.0, 14.99), at(30, 45.0, 15.02)], square=SQUARE)
    assert told(crossings) == [("square", "entered", "crossed"), ("square", "exited", "crossed")]
    assert [crossing.crossed_at - START for crossing in crossings] == [timedelta(seconds=10), timedelta(seconds=20)]


def test_a_fix_on_the_edge_is_inside_until_the_next_leg_leads_away() -> None:
    crossings = go([at(0, 45.005, 14.99), at(10, 45.005, 15.0), at(20, 45.005, 14.99)], square=SQUARE)
    assert told(crossings) == [("square", "entered", "crossed"), ("square", "exited", "crossed")]
    assert [crossing.crossed_at - START for crossing in crossings] == [timedelta(seconds=10)] * 2


def test_a_parked_vehicle_crosses_nothing() -> None:
    assert go([at(second, 45.02, 15.0) for second in range(5)], square=SQUARE) == []


def test_a_fence_across_the_antimeridian_is_entered_once() -> None:
    cut = MultiPolygon((square(179.99, -1, 180, 1).coordinates, square(-180, -1, -179.99, 1).coordinates))
    fixes = [at(0, 0, 179.98), at(20, 0, 180.0), at(40, 0, -179.98), at(60, 0, 179.98)]
    crossings = go(fixes, cut=cut, circle=Circle(0.0, -179.9999, 1000.0))
    by_fence = {name: [c.crossed_at - START for c in crossings if c.fence == name] for name in ("cut", "circle")}
    assert [round(instant.total_seconds(), 3) for instant in by_fence["cut"]] == [10, 30, 45, 55]
    assert len(by_fence["circle"]) == 4


def test_after_a_jump_only_the_end_counts() -> None:
    fixes = [at(0, 45.005, 15.005), at(60, 46.005, 15.005), at(120, 45.005, 15.005)]
    crossings = go(fixes, square=SQUARE, between=square(15.0, 45.5, 15.01, 45.51))
    assert told(crossings) == [("square", "entered", "found"), ("square", "exited", "found"), ("square", "entered", "found")]
    assert [crossing.crossed_at for crossing in crossings] == [fix.fix_at for fix in fixes]


def test_late_and_repeated_fixes_are_left_out() -> None:
    fixes = [at(10, 45, 15), at(5, 46, 15), at(10, 46, 15), at(11, 45, 15)]
    assert newer(None, fixes) == newer(at(8, 0, 0).fix_at, fixes) == [fixes[0], fixes[3]]
    assert newer(at(11, 0, 0).fix_at, fixes) == []


class TestChangedFences:
    """What happened to fences is noticed at the vehicle's next fix, at its time."""

    inside = at(0, 45.005, 15.005)

    def next_fix(self, fences: dict[str, Region], held: set[str], fix: Fix) -> tuple[list[Crossing], frozenset[str]]:
        return walk(self.inside, [fix], fences, held)

    def test_a_deleted_fence_is_left_once(self) -> None:
        crossings, held = self.next_fix({}, {"gone"}, at(60, 45.005, 15.006))
        assert told(crossings) == [("gone", "exited", "fence_deleted")]
        assert crossings[0].crossed_at == START + timedelta(seconds=60)
        assert walk(at(60, 45.005, 15.006), [at(61, 45.005, 15.006)], {}, held).crossings == []

    def test_a_fence_that_moved_away_is_left_once(self) -> None:
        moved = {"fence": region_of(square(15.02, 45.0, 15.03, 45.01))}
        crossings, held = self.next_fix(moved, {"fence"}, at(60, 45.005, 15.006))
        assert told(crossings) == [("fence", "exited", "fence_changed")]
        assert not held

    def test_a_fence_that_moved_away_and_is_driven_into_stays_entered(self) -> None:
        moved = {"fence": region_of(square(15.02, 45.0, 15.03, 45.01))}
        crossings, held = self.next_fix(moved, {"fence"}, at(60, 45.005, 15.025))
        assert not crossings
        assert held == {"fence"}

    def test_a_fence_drawn_around_a_vehicle_is_entered(self) -> None:
        crossings, held = self.next_fix({"new": region_of(SQUARE)}, set(), at(60, 45.005, 15.006))
        assert told(crossings) == [("new", "entered", "fence_changed")]
        assert held == {"new"}

    def test_a_fence_drawn_around_a_vehicle_that_drives_out_of_it_never_held_it(self) -> None:
        crossings, held = self.next_fix({"new": region_of(SQUARE)}, set(), at(60, 45.005, 15.02))
        assert not crossings
        assert not held

    def test_an_edit_that_keeps_the_vehicle_inside_is_not_told(self) -> None:
        wider = {"fence": region_of(square(14.9, 44.9, 15.1, 45.1))}
        crossings, held = self.next_fix(wider, {"fence"}, at(60, 45.005, 15.006))
        assert not crossings
        assert held == {"fence"}


@given(fence_sets, drives())
def test_entering_and_exiting_alternate_in_time_order_and_end_where_the_vehicle_is(
    fences: dict[str, Region], fixes: list[Fix]
) -> None:
    crossings, held = walk(None, fixes, fences, ())
    assert [c.crossed_at for c in crossings] == sorted(c.crossed_at for c in crossings)
    for key, region in fences.items():
        directions = [crossing.direction for crossing in crossings if crossing.fence == key]
        assert directions[:1] in ([], ["entered"])
        assert all(before != after for before, after in pairwise(directions))
        assert (key in held) == region.covers(Spot(fixes[-1].lat, fixes[-1].lon)) == (len(directions) % 2 == 1)


@given(fence_sets, drives(), st.data())
def test_how_fixes_are_cut_into_batches_changes_nothing(
    fences: dict[str, Region], fixes: list[Fix], data: st.DataObject
) -> None:
    """With the fences of each batch found by its boxes, as the service finds them."""
    whole = walk(None, fixes, fences, ())
    cuts = sorted(data.draw(st.sets(st.integers(1, len(fixes) - 1))))
    for pieces in (cuts, list(range(1, len(fixes)))):
        crossings: list[Crossing] = []
        held: frozenset[str] = frozenset()
        last: Fix | None = None
        for start, end in pairwise([0, *pieces, len(fixes)]):
            batch = fixes[start:end]
            boxes = boxes_of(last, batch)
            near = {key: fence for key, fence in fences.items() if key in held or any(map(fence.box.overlaps, boxes))}
            step = walk(last, batch, near, held)
            crossings.extend(step.crossings)
            last, held = batch[-1], step.inside
        assert crossings == whole.crossings
        assert held == whole.inside


@given(fence_sets, drives())
def test_between_crossings_the_vehicle_is_where_they_say(fences: dict[str, Region], fixes: list[Fix]) -> None:
    """Sampled densely, every leg agrees with the crossings, but for a hair around the edge."""
    crossings = walk(None, fixes, fences, ()).crossings
    for key, region in fences.items():
        own = [crossing for crossing in crossings if crossing.fence == key]
        for before, after in pairwise(fixes):
            for step in range(1, 10):
                instant = before.fix_at + (after.fix_at - before.fix_at) * step / 10
                spot = Spot(
                    before.lat + (after.lat - before.lat) * step / 10, before.lon + (after.lon - before.lon) * step / 10
                )
                inside = sum(crossing.crossed_at <= instant for crossing in own) % 2 == 1
                near_edge = any(abs(crossing.crossed_at - instant) < timedelta(milliseconds=50) for crossing in own)
                if inside != region.covers(spot) and not near_edge:
                    assert grazes(region, spot), (key, spot.lat, spot.lon)


def grazes(region: Region, spot: Spot) -> bool:
    """Whether the edge is within about a metre of a spot."""
    metre = 1e-5
    around = [Spot(spot.lat + dy * metre, spot.lon + dx * metre) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    return len({region.covers(near) for near in around}) == 2


@given(drives())
def test_boxes_hold_the_whole_path(fixes: list[Fix]) -> None:
    boxes = boxes_of(fixes[0], fixes[1:])
    assert len(boxes) == 1
    assert boxes_of(None, fixes) == boxes
    for fix in fixes:
        assert boxes[0].west <= fix.lon <= boxes[0].east
        assert boxes[0].south <= fix.lat <= boxes[0].north


def test_boxes_are_cut_at_jumps_and_go_over_the_antimeridian() -> None:
    boxes = boxes_of(None, [at(0, 0, 179.9), at(1, 0.1, -179.9), at(2, 50, 10), at(3, 50.1, 10.1)])
    assert boxes[0] == pytest.approx((179.9, 0, 180.1, 0.1))
    assert boxes[1] == pytest.approx((10, 50, 10.1, 50.1))
    assert boxes_of(at(0, 1, 1), []) == []


def test_polygons_with_holes_are_left_into_the_hole() -> None:
    ring = Polygon((*square(15.0, 45.0, 15.09, 45.01).coordinates, *square(15.03, 45.002, 15.06, 45.008).coordinates))
    crossings = go([at(0, 45.005, 14.99), at(110, 45.005, 15.1)], ring=ring)
    assert [(c.direction, round((c.crossed_at - START).total_seconds(), 3)) for c in crossings] == [
        ("entered", 10),
        ("exited", 40),
        ("entered", 70),
        ("exited", 100),
    ]
