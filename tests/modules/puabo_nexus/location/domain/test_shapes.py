from itertools import count
from math import inf, nan
from typing import Any

import msgspec
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from bus import Refusal
from modules.geography import predicates, rings
from modules.geography.predicates import Point
from modules.geography.spot import Spot
from modules.puabo_nexus.location.contract import Circle, MultiPolygon, Polygon, Shape
from modules.puabo_nexus.location.domain.shapes import checked, region_of
from tests.modules.puabo_nexus.location.domain.drawing import closed, shapely_of, square

SHELL = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0), (0.0, 0.0))


def refusal_of(shape: Shape) -> Refusal:
    with pytest.raises(Refusal) as refused:
        checked(shape)
    assert refused.value.kind == "invalid"
    return refused.value


def ring(west: float, south: float, east: float, north: float) -> Any:
    return square(west, south, east, north).coordinates[0]


@pytest.mark.parametrize(
    ("rings", "code", "field"),
    [
        ((), "no_rings", "$.shape.coordinates"),
        ((SHELL[:3],), "ring_too_short", "$.shape.coordinates[0]"),
        ((SHELL[:4],), "ring_not_closed", "$.shape.coordinates[0]"),
        (((*SHELL[:4], (0.0, 0.0, 7.0)),), "ring_not_closed", "$.shape.coordinates[0]"),
        ((((0.0, 0.0), (1.0, 91.0), (1.0, 1.0), (0.0, 0.0)),), "out_of_range", "$.shape.coordinates[0][1]"),
        ((((0.0, 0.0), (1.0, 0.0), (181.0, 1.0), (0.0, 0.0)),), "out_of_range", "$.shape.coordinates[0][2]"),
        ((((0.0, 0.0), (nan, 0.0), (1.0, 1.0), (0.0, 0.0)),), "out_of_range", "$.shape.coordinates[0][1]"),
        ((((0.0, 0.0), (1.0, -inf), (1.0, 1.0), (0.0, 0.0)),), "out_of_range", "$.shape.coordinates[0][1]"),
        ((((0.0, 80.0), (9.0, 80.0), (5.0, 90.0), (0.0, 80.0)),), "pole", "$.shape.coordinates[0][2]"),
        ((((0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (0.0, 0.0)),), "zero_area", "$.shape.coordinates[0]"),
        ((((5.0, 5.0),) * 5,), "zero_area", "$.shape.coordinates[0]"),
        ((((0.0, 0.0), (1e-6, 0.0), (1e-6, 1e-6), (0.0, 0.0)),), "zero_area", "$.shape.coordinates[0]"),
        ((((179.0, 0.0), (-179.0, 0.0), (-179.0, 2.0), (179.0, 0.0)),), "antimeridian_uncut", "$.shape.coordinates[0]"),
        ((((0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 12.0), (0.0, 0.0)),), "self_intersection", "$.shape.coordinates[0]"),
        ((((0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 2.0), (0.0, 0.0)),), "self_intersection", "$.shape.coordinates[0]"),
        ((((0.0, 0.0), (9.0, 0.0), (4.0, 0.0), (4.0, 5.0), (0.0, 0.0)),), "self_intersection", "$.shape.coordinates[0]"),
        ((SHELL, ring(8, 8, 12, 12)), "rings_touch", "$.shape.coordinates[1]"),
        ((SHELL, ring(0, 4, 2, 6)), "rings_touch", "$.shape.coordinates[1]"),
        ((SHELL, ring(2, 2, 4, 4), ring(3, 3, 6, 6)), "rings_touch", "$.shape.coordinates[2]"),
        ((SHELL, ring(20, 20, 22, 22)), "hole_outside_shell", "$.shape.coordinates[1]"),
        ((SHELL, ring(-5, -5, 15, 15)), "hole_outside_shell", "$.shape.coordinates[1]"),
        ((SHELL, ring(2, 2, 8, 8), ring(4, 4, 6, 6)), "hole_in_hole", "$.shape.coordinates[2]"),
    ],
)
def test_a_polygon_that_is_none_is_refused_with_the_place(rings: Any, code: str, field: str) -> None:
    refusal = refusal_of(Polygon(rings))
    assert refusal.code == code
    assert [error.field for error in refusal.errors] == [field]


def test_the_place_of_a_self_intersection_is_told() -> None:
    refusal = refusal_of(Polygon((((0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 3.0), (0.0, 0.0)),)))
    assert "longitude 1.2, latitude 1.2" in refusal.detail


def test_a_part_of_a_multipolygon_is_named() -> None:
    refusal = refusal_of(MultiPolygon((square(0, 0, 1, 1).coordinates, (SHELL[:4],))))
    assert refusal.errors[0].field == "$.shape.coordinates[1][0]"
    assert refusal_of(MultiPolygon(())).code == "no_polygons"


def test_more_than_a_thousand_vertices_are_refused() -> None:
    ring = shapely.Point(15, 45).buffer(0.1, quad_segs=250).exterior.coords
    assert len(ring) == 1001
    kept = checked(Polygon((tuple(ring),)))
    assert isinstance(kept, Polygon)
    assert len(kept.coordinates[0]) == 1001
    refusal = refusal_of(MultiPolygon(((tuple(ring),), square(0, 0, 1, 1).coordinates)))
    assert refusal.code == "too_many_vertices"
    assert "1004" in refusal.detail


def test_more_polygons_than_vertices_are_allowed_are_not_looked_at() -> None:
    refusal = refusal_of(MultiPolygon(((),) * 1001))
    assert refusal.code == "too_many_vertices"
    assert "1001 polygons" in refusal.detail


@pytest.mark.slow
def test_the_worst_polygon_of_a_thousand_vertices_is_checked_in_bounded_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comb of 500 long teeth: the longitudes and latitudes of all edges overlap, so every pair is compared, once."""
    compared = count(1)
    compare = predicates.meeting_place

    def counted(*points: Point) -> Point | None:
        next(compared)
        return compare(*points)

    monkeypatch.setattr(rings, "meeting_place", counted)
    teeth = 499
    comb = [(-10.0, 0.0)]
    for tooth in range(teeth):
        comb += [(tooth / 1000, tooth / 1000 - 0.2), (tooth / 1000 + 10, tooth / 1000 + 10)]
    comb.append((-10.0, 20.0))
    checked(Polygon((closed(comb),)))
    assert next(compared) <= len(comb) * (len(comb) - 1) / 2


def test_what_is_taken_is_put_in_order() -> None:
    clockwise = ((0.0, 0.0, 5.0), (0.0, 10.0, 5.0), (10.0, 10.0, 5.0), (10.0, 10.0, 5.0), (10.0, 0.0, 5.0), (0.0, 0.0, 5.0))
    hole = ((2.0, 2.0), (4.0, 2.0), (4.0, 4.0), (2.0, 4.0), (2.0, 2.0))
    assert checked(Polygon((clockwise, hole))) == Polygon((SHELL, (hole[0], *hole[3:0:-1], hole[0])))
    negative_zero = checked(Polygon((((-0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (-0.0, 0.0)),)))
    assert "-0.0" not in repr(negative_zero)


@pytest.mark.parametrize(
    ("circle", "code", "field"),
    [
        (Circle(89.99, 0.0, 2_000.0), "pole", "$.shape"),
        (Circle(-90.0, 0.0, 1.0), "pole", "$.shape"),
    ],
)
def test_a_circle_that_is_none_is_refused(circle: Circle, code: str, field: str) -> None:
    refusal = refusal_of(circle)
    assert (refusal.code, refusal.errors[0].field) == (code, field)


@pytest.mark.parametrize(
    "circle",
    [
        Circle(91.0, 0.0, 10.0),
        Circle(0.0, -180.5, 10.0),
        Circle(nan, 0.0, 10.0),
        Circle(0.0, 0.0, 0.0),
        Circle(0.0, 0.0, -1.0),
        Circle(0.0, 0.0, 20_000_000.0),
        Circle(0.0, 0.0, nan),
    ],
)
def test_a_circle_out_of_range_cannot_be_read(circle: Circle) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(circle), type=Circle)


def test_a_circle_over_the_antimeridian_is_taken() -> None:
    circle = Circle(-17.0, 179.99, 5_000.0)
    assert checked(circle) == circle
    assert region_of(circle).box.east > 180


grid = st.tuples(st.integers(0, 6).map(float), st.integers(0, 6).map(float))


@given(st.lists(grid, min_size=3, max_size=7))
def test_rings_are_taken_exactly_where_shapely_finds_them_simple(corners: list[tuple[float, float]]) -> None:
    """On a small grid most rings are broken in some way: crossing, touching, folding back, flat."""
    corners = [corner for index, corner in enumerate(corners) if corner != corners[index - 1]]
    assume(len(corners) >= 3)
    shape = Polygon((closed(corners),))
    assert is_taken(shape) == shapely_of(shape).is_valid


@given(st.lists(grid, min_size=3, max_size=4, unique=True), st.lists(grid, min_size=3, max_size=4, unique=True))
def test_holes_are_taken_exactly_where_shapely_takes_them(
    shell: list[tuple[float, float]], hole: list[tuple[float, float]]
) -> None:
    """On a small grid many a hole touches its shell in a point, which is fine, or in two or along an edge, which is not."""
    shape = Polygon((closed([(lon * 2 - 3, lat * 2 - 3) for lon, lat in shell]), closed(hole)))
    assert is_taken(shape) == shapely_of(shape).is_valid


def test_a_hole_that_touches_its_shell_in_one_point_is_a_hole() -> None:
    """OGC Simple Features: rings may touch in single points. The point belongs to the fence, the hole does not."""
    hole = ((0.0, 5.0), (2.0, 6.0), (2.0, 4.0), (0.0, 5.0))
    kept = checked(Polygon((SHELL, hole)))
    region = region_of(kept)
    assert [region.covers(Spot(5.0, lon)) for lon in (0.0, 1.0, 2.0, 3.0)] == [True, False, True, True]
    assert checked(kept) == kept


@pytest.mark.parametrize(
    "holes",
    [
        pytest.param([((0.0, 5.0), (5.0, 10.0), (5.0, 5.0), (0.0, 5.0))], id="touches twice and cuts a corner off"),
        pytest.param([((0.0, 5.0), (-2.0, 6.0), (-2.0, 4.0), (0.0, 5.0))], id="touches from outside"),
        pytest.param([ring(2, 2, 8, 8), ((2.0, 5.0), (4.0, 6.0), (4.0, 4.0), (2.0, 5.0))], id="touches from inside of a hole"),
    ],
)
def test_rings_that_touch_and_make_no_polygon_are_refused_with_the_place(holes: list[Any]) -> None:
    refusal = refusal_of(Polygon((SHELL, *holes)))
    assert refusal.code == "rings_touch"
    assert refusal.errors[0].field == f"$.shape.coordinates[{len(holes)}]"
    assert "latitude" in refusal.detail


def test_holes_that_touch_each_other_are_both_holes() -> None:
    touching = Polygon((SHELL, ring(2, 2, 4, 4), ring(4, 4, 6, 6)))
    region = region_of(checked(touching))
    assert [region.covers(Spot(at, at)) for at in (3.0, 4.0, 5.0, 7.0)] == [False, True, False, True]


def is_taken(shape: Polygon) -> bool:
    try:
        checked(shape)
    except Refusal:
        return False
    return True
