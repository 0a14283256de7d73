from fractions import Fraction

import shapely
from hypothesis import given
from hypothesis import strategies as st

from modules.geography.predicates import meeting_place, on_segment, orientation

# Half of the coordinates on a coarse grid, so that points fall on lines and segments overlap.
numbers = st.one_of(st.floats(-180, 180, allow_subnormal=False), st.integers(-3, 3).map(float))
points = st.tuples(numbers, numbers)
# shapely computes with 106 bits, which are not enough for 1e-94 beside 31; a hundredth of a millimetre is fine enough here.
coarse = numbers.map(lambda degrees: round(degrees, 10))
coarse_points = st.tuples(coarse, coarse)


@given(points, points, points)
def test_orientation_is_the_sign_of_the_exact_determinant(
    a: tuple[float, float], b: tuple[float, float], p: tuple[float, float]
) -> None:
    ax, ay, bx, by, px, py = map(Fraction, (*a, *b, *p))
    exact = (ax - px) * (by - py) - (ay - py) * (bx - px)
    assert orientation(a, b, p) == (exact > 0) - (exact < 0)
    assert orientation(b, a, p) == -orientation(a, b, p)


@given(st.integers(-4, 4), st.integers(-4, 4))
def test_orientation_sees_one_unit_in_the_last_place(dx: int, dy: int) -> None:
    """The classic trap: points next to a diagonal, where floats alone say "on it" for many of them."""
    ulp = 2.0**-53
    p = (0.5 + dx * ulp, 0.5 + dy * ulp)
    expected = (Fraction(p[1]) > Fraction(p[0])) - (Fraction(p[1]) < Fraction(p[0]))
    assert orientation((12.0, 12.0), (24.0, 24.0), p) == expected


@given(coarse_points, coarse_points, coarse_points, coarse_points)
def test_segments_meet_where_shapely_says_so(
    a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]
) -> None:
    if a == b or c == d:
        return
    expected = shapely.LineString([a, b]).intersects(shapely.LineString([c, d]))
    assert (meeting_place(a, b, c, d) is not None) == expected
    assert (meeting_place(c, d, b, a) is not None) == expected


def test_the_meeting_place_is_where_the_segments_cross() -> None:
    assert meeting_place((0, 0), (2, 2), (0, 2), (2, 0)) == (1.0, 1.0)
    assert meeting_place((0, 0), (2, 0), (1, 0), (1, 5)) == (1, 0)
    assert meeting_place((0, 0), (1, 0), (2, 0), (3, 0)) is None
    assert meeting_place((0, 0), (2, 0), (1, 0), (3, 0)) in {(1, 0), (2, 0)}


def test_ends_belong_to_a_segment() -> None:
    assert on_segment((0, 0), (2, 2), (0, 0))
    assert on_segment((0, 0), (2, 2), (1, 1))
    assert not on_segment((0, 0), (2, 2), (3, 3))
