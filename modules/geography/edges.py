"""The edges of a polygon's rings, sorted into slabs of latitude so that a test looks at few of them."""

from collections.abc import Iterator, Sequence

from modules.geography.predicates import Point, on_segment, orientation

Edge = tuple[Point, Point]

_EDGES_PER_SLAB = 4
_MOST_SLABS = 64

CORNER = 1e-9
"""A share of an edge beyond its ends that counts as it: a way through a corner must not slip between two edges by rounding.

A meeting too many does no harm: what lies on either side of it is asked of the polygon.
"""


class Edges:
    """The edges of one shell and its holes. As rings do not cross, a point is inside where a ray meets an odd number of them.

    Args:
        rings: without the repeated last point, no two edges of which cross.

    Attributes:
        weight: how many edges are compared at most to say where a path meets them and where it is inside between.
    """

    def __init__(self, rings: Sequence[Sequence[Point]]) -> None:
        edges = [edge for ring in rings for edge in zip(ring, [*ring[1:], ring[0]], strict=True)]
        self._south = min(a[1] for a, _ in edges)
        self._north = max(a[1] for a, _ in edges)
        count = max(1, min(_MOST_SLABS, len(edges) // _EDGES_PER_SLAB))
        self._per_degree = count / (self._north - self._south) if self._north > self._south else 0.0
        self._slabs: list[list[Edge]] = [[] for _ in range(count)]
        for edge in edges:
            for slab in self._slabs_between(edge[0][1], edge[1][1]):
                slab.append(edge)

        self.weight: int = len(edges) * max(map(len, self._slabs))

    def _slabs_between(self, one_lat: float, other_lat: float) -> list[list[Edge]]:
        # The same expression places edges and asks for them. It never falls as the latitude grows, so rounding loses no edge.
        lat, other = (one_lat, other_lat) if one_lat <= other_lat else (other_lat, one_lat)
        last = len(self._slabs) - 1
        low = max(0, min(last, int((lat - self._south) * self._per_degree)))
        high = max(0, min(last, int((other - self._south) * self._per_degree)))
        return self._slabs[low : high + 1]

    def covers(self, p: Point) -> bool:
        """Whether ``p`` is inside or on an edge. Exact."""
        x, y = p
        if not self._south <= y <= self._north:
            return False
        inside = False
        for a, b in self._slabs_between(y, y)[0]:
            a_above = a[1] > y
            if a_above != (b[1] > y):
                side = orientation(a, b, p)
                if side == 0:
                    return True
                # An upward edge (b above) is met by the ray to the right of p when p is on its left.
                inside ^= (side > 0) != a_above
            elif p == a or (a[1] == y == b[1] and min(a[0], b[0]) <= x <= max(a[0], b[0])):
                return True
        return inside

    def meetings(self, a: Point, b: Point) -> Iterator[float]:
        """Where the segment ``ab`` meets edges, as shares of its length in 0..1, unsorted, some of them twice."""
        dx, dy = b[0] - a[0], b[1] - a[1]
        for slab in self._slabs_between(a[1], b[1]):
            for c, d in slab:
                cx, cy, ex, ey = c[0] - a[0], c[1] - a[1], d[0] - c[0], d[1] - c[1]
                determinant = dx * ey - dy * ex
                if determinant == 0.0:
                    yield from overlap(a, b, c, d)
                    continue
                share = (cx * ey - cy * ex) / determinant
                if 0.0 <= share <= 1.0 and -CORNER <= (cx * dy - cy * dx) / determinant <= 1.0 + CORNER:
                    yield share


def overlap(a: Point, b: Point, c: Point, d: Point) -> Iterator[float]:
    """The shares of ``ab`` at which a parallel edge ``cd`` begins and ends, where it lies on the same line."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    squared = dx * dx + dy * dy
    for point in (c, d):
        if squared > 0.0 and on_segment(a, b, point):
            yield ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / squared
