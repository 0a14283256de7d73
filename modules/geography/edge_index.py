"""Polygons as GEOS knows them: for work so large that the edges in Python would take too long.

It brings in numpy and shapely, which are as large as all the rest of a service: import it where such work begins, not before.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from threading import Lock

import numpy as np
import shapely
from numpy.typing import NDArray

from modules.geography.edges import CORNER, overlap
from modules.geography.longitude import FULL_DEG
from modules.geography.predicates import Point
from modules.geography.region import Path

_ON_ONE_LINE = 1e-9
"""Parallel segments farther apart than this share of what is compared lie on different lines."""

Floats = NDArray[np.float64]


class EdgeIndex:
    """The edges of an area in a tree of boxes. Says of many paths and points at once what `Edges` says of one.

    GEOS builds its indexes when they are first asked, so one thread at a time may ask; others wait.

    Args:
        polygons: of each its rings, shell first, without the repeated last point.
    """

    def __init__(self, polygons: Sequence[Sequence[Sequence[Point]]]) -> None:
        edges = [(*a, *b) for rings in polygons for ring in rings for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)]
        self._edges: Floats = np.array(edges, dtype=np.float64)
        self._tree = shapely.STRtree(shapely.linestrings(self._edges.reshape(-1, 2, 2)))
        self._polygons = [shapely.Polygon(rings[0], rings[1:]) for rings in polygons]
        shapely.prepare(self._polygons)
        self._west = float(self._edges[:, 0].min())
        self._east = float(self._edges[:, 0].max())
        self._lock = Lock()

    def covers(self, lons: Sequence[float], lats: Sequence[float]) -> list[bool]:
        """Of each point whether it is inside or on an edge. Exact."""
        x, y = np.array(lons, dtype=np.float64), np.array(lats, dtype=np.float64)
        found: NDArray[np.bool_] = np.zeros(len(x), dtype=np.bool_)
        with self._lock:
            for polygon in self._polygons:
                found |= shapely.intersects_xy(polygon, x, y)
        answers: list[bool] = found.tolist()
        return answers

    def meetings(self, paths: Sequence[Path], most: int) -> list[list[float]]:
        """Where each path meets edges, as sorted shares of it; of more than twice ``most`` those nearest to its ends."""
        ways: Floats = np.array([(*path.start, *path.end) for path in paths], dtype=np.float64)
        numbers, shares = np.empty(0, dtype=np.intp), np.empty(0, dtype=np.float64)
        for shift in (0.0, FULL_DEG, -FULL_DEG):
            if self._west + shift <= ways[:, ::2].max() and ways[:, ::2].min() <= self._east + shift:
                some = self._met(ways - np.array([shift, 0.0, shift, 0.0]))
                numbers, shares = np.concatenate([numbers, some[0]]), np.concatenate([shares, some[1]])
        order = np.lexsort((shares, numbers))
        ends = np.searchsorted(numbers[order], np.arange(len(paths) + 1))
        sorted_shares = shares[order]
        return [_outer(sorted_shares[start:end], most) for start, end in pairwise(ends)]

    def _met(self, ways: Floats) -> tuple[NDArray[np.intp], Floats]:
        """The numbers of ways that meet an edge, and where, in no order."""
        with self._lock:
            numbers, edges = self._tree.query(shapely.linestrings(ways.reshape(-1, 2, 2)))
        a, c = ways[numbers], self._edges[edges]
        dx, dy = a[:, 2] - a[:, 0], a[:, 3] - a[:, 1]
        cx, cy, ex, ey = c[:, 0] - a[:, 0], c[:, 1] - a[:, 1], c[:, 2] - c[:, 0], c[:, 3] - c[:, 1]
        determinant = dx * ey - dy * ex
        across = determinant != 0.0
        divisor = np.where(across, determinant, 1.0)
        share, along = (cx * ey - cy * ex) / divisor, (cx * dy - cy * dx) / divisor
        met = across & (share >= 0.0) & (share <= 1.0) & (along >= -CORNER) & (along <= 1.0 + CORNER)
        left, right = cx * dy, cy * dx
        beside = ~across & (np.abs(left - right) <= _ON_ONE_LINE * (np.abs(left) + np.abs(right)))
        parallel = list(_overlaps(numbers[beside], a[beside], c[beside]))
        return (
            np.concatenate([numbers[met], np.array([number for number, _ in parallel], dtype=np.intp)]),
            np.concatenate([share[met], np.array([share for _, share in parallel], dtype=np.float64)]),
        )


def _overlaps(numbers: NDArray[np.intp], ways: Floats, edges: Floats) -> Iterator[tuple[int, float]]:
    for number, (ax, ay, bx, by), (cx, cy, dx, dy) in zip(numbers.tolist(), ways.tolist(), edges.tolist(), strict=True):
        for share in overlap((ax, ay), (bx, by), (cx, cy), (dx, dy)):
            yield number, share


def _outer(shares: Floats, most: int) -> list[float]:
    """All of them, or as many as are enough from either end."""
    kept = shares if len(shares) <= 2 * most else np.concatenate([shares[:most], shares[-most:]])
    answers: list[float] = kept.tolist()
    return answers
