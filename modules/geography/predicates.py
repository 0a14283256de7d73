"""Decisions of plane geometry that are right for every input, although they compute with floats."""

from fractions import Fraction

Point = tuple[float, float]
"""Longitude and latitude in degrees, taken as x and y."""

_EPSILON = 2.0**-53
_BOUND = (3 + 16 * _EPSILON) * _EPSILON


def orientation(a: Point, b: Point, p: Point) -> int:
    """On which side of the line from ``a`` to ``b`` lies ``p``: 1 left, -1 right, 0 exactly on it.

    Rounding cannot turn the answer: where the float determinant is smaller than its possible error, it is computed again
    with fractions. Source of the bound: J. R. Shewchuk, Adaptive Precision Floating-Point Arithmetic (1997), ccwerrboundA.
    """
    left = (a[0] - p[0]) * (b[1] - p[1])
    right = (a[1] - p[1]) * (b[0] - p[0])
    determinant = left - right
    if abs(determinant) > _BOUND * (abs(left) + abs(right)):
        return 1 if determinant > 0 else -1
    return _exact_orientation(a, b, p)


def _exact_orientation(a: Point, b: Point, p: Point) -> int:
    ax, ay, bx, by, px, py = map(Fraction, (*a, *b, *p))
    determinant = (ax - px) * (by - py) - (ay - py) * (bx - px)
    return (determinant > 0) - (determinant < 0)


def on_segment(a: Point, b: Point, p: Point) -> bool:
    """Whether ``p`` lies on the closed segment from ``a`` to ``b``."""
    return (
        min(a[0], b[0]) <= p[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= p[1] <= max(a[1], b[1]) and orientation(a, b, p) == 0
    )


def meeting_place(a: Point, b: Point, c: Point, d: Point) -> Point | None:
    """A point that the closed segments ``ab`` and ``cd`` share, or None. Whether there is one is exact, where is rounded."""
    side_c, side_d = orientation(a, b, c), orientation(a, b, d)
    if side_c == side_d != 0:
        return None
    side_a, side_b = orientation(c, d, a), orientation(c, d, b)
    if side_a == side_b != 0:
        return None
    for first, second, point in ((a, b, c), (a, b, d), (c, d, a), (c, d, b)):
        if on_segment(first, second, point):
            return point
    if side_c == side_d:
        return None
    return _intersection(a, b, c, d)


def _intersection(a: Point, b: Point, c: Point, d: Point) -> Point:
    """Where two segments cross that are known to."""
    dx, dy, ex, ey = b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]
    determinant = dx * ey - dy * ex
    if determinant == 0.0:
        return a
    share = ((c[0] - a[0]) * ey - (c[1] - a[1]) * ex) / determinant
    return a[0] + share * dx, a[1] + share * dy
