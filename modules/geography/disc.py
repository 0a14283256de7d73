"""Round areas: all points within a distance of a centre."""

from collections.abc import Iterator, Sequence
from math import ceil, sqrt

from modules.geography.box import Box, around
from modules.geography.geodesy import Vector, chord_m, vector_m
from modules.geography.region import Path, outer_meetings
from modules.geography.spot import Spot

_LONGEST_PIECE_M = 5_000.0
_WEIGHT = 50
"""The pieces of a path of 50 km, and what each of them takes."""


class Disc:
    """The points at most ``radius_m`` from a centre. Decided by the chord through the ground, right to 3e-7 of the radius.

    Args:
        radius_m: up to 100 km.
    """

    def __init__(self, lat: float, lon: float, radius_m: float) -> None:
        self.box: Box = around(lat, lon, radius_m)
        self.weight = _WEIGHT
        self._centre_m = vector_m(lat, lon)
        self._chord_squared = chord_m(radius_m) ** 2

    def covers(self, spot: Spot) -> bool:
        """Whether the spot is inside or on the edge."""
        offset = _minus(spot.vector_m, self._centre_m)
        return _dot(offset, offset) <= self._chord_squared

    def covers_all(self, spots: Sequence[Spot]) -> list[bool]:
        """What `covers` says of each of some spots."""
        return [self.covers(spot) for spot in spots]

    def meetings_of(self, paths: Sequence[Path], most: int) -> list[list[float]]:
        """What `meetings` says of each of some paths, in order."""
        return [outer_meetings(self.meetings(path), most) for path in paths]

    def meetings(self, path: Path) -> Iterator[float]:
        """Where the path meets the edge.

        The path bends over the ground, so it is taken as a chain of chords of at most 5 km, each less than a metre off it
        below 60 degrees of latitude (5 km squared, times the tangent of the latitude, over eight Earth radii).
        """
        (lon, lat), (end_lon, end_lat) = path.start, path.end
        start, end = vector_m(lat, lon), vector_m(end_lat, end_lon)
        length = _minus(end, start)
        pieces = max(1, ceil(sqrt(_dot(length, length)) / _LONGEST_PIECE_M))
        for piece in range(pieces):
            share = (piece + 1) / pieces
            following = vector_m(lat + share * (end_lat - lat), lon + share * (end_lon - lon))
            for crossing in self._chord_meetings(start, following):
                yield (piece + crossing) / pieces
            start = following

    def _chord_meetings(self, start: Vector, end: Vector) -> Iterator[float]:
        """Solve |start + t (end - start) - centre| = chord for t in 0..1."""
        direction, offset = _minus(end, start), _minus(start, self._centre_m)
        squared, half_linear = _dot(direction, direction), _dot(direction, offset)
        discriminant = half_linear * half_linear - squared * (_dot(offset, offset) - self._chord_squared)
        if squared == 0.0 or discriminant < 0.0:
            return
        root = sqrt(discriminant)
        for share in ((-half_linear - root) / squared, (-half_linear + root) / squared):
            if 0.0 <= share <= 1.0:
                yield share


def _minus(a: Vector, b: Vector) -> Vector:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
