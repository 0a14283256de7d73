"""The way between two fixes of one vehicle."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from modules.geography.box import Box, bounding
from modules.geography.geodesy import sphere_distance_m
from modules.geography.longitude import near, wrap
from modules.geography.spot import Spot
from modules.puabo_nexus.location.domain.fix import Fix

LONGEST_LEG_M = 50_000.0
"""Of a longer way between two fixes the path is not known; fences are then judged at its end only."""


class Leg:
    """A straight path in longitude and latitude, from one fix to the next, over the antimeridian where that is shorter.

    Attributes:
        start: longitude and latitude of the first fix.
        end: of the second; its longitude may lie beyond 180 or -180.
        box: bounds of the path, under the same numbers.
        after: the second fix.
        last: its spot.
    """

    def __init__(self, before: Fix, after: Fix) -> None:
        self._before = before
        self.after = after
        self.start = (before.lon, before.lat)
        self.end = (near(after.lon, before.lon), after.lat)
        self.box: Box = bounding((self.start, self.end))
        self.last = Spot(after.lat, after.lon)

    @property
    def is_jump(self) -> bool:
        """Whether it is too long to say anything about the path."""
        return sphere_distance_m(self._before.lat, self._before.lon, self.after.lat, self.after.lon) > LONGEST_LEG_M

    def spot_at(self, share: float) -> Spot:
        """The spot after a share of the path, 0..1. At the ends it is exactly that of the fix."""
        if share <= 0.0:
            return Spot(self._before.lat, self._before.lon)
        if share >= 1.0:
            return self.last
        (lon, lat), (end_lon, end_lat) = self.start, self.end
        return Spot(lat + share * (end_lat - lat), wrap(lon + share * (end_lon - lon)))

    def instant_at(self, share: float) -> datetime:
        """The instant after a share of the path, at even speed, to the microsecond."""
        return self._before.fix_at + (self.after.fix_at - self._before.fix_at) * share


def boxes_of(last: Fix | None, fixes: Sequence[Fix]) -> list[Box]:
    """`normal` boxes that hold the whole path through ``fixes``, one for each stretch without a jump.

    Fences outside them cannot be entered by this path.
    """
    boxes: list[Box] = []
    points: list[tuple[float, float]] = []
    for before, after in _pairs(last, fixes):
        leg = None if before is None else Leg(before, after)
        if leg is None or leg.is_jump:
            boxes.extend(_flushed(points))
            points = [(after.lon, after.lat)]
        else:
            points = points or [leg.start]
            points.append((near(after.lon, points[-1][0]), after.lat))
    return [*boxes, *_flushed(points)]


def _pairs(last: Fix | None, fixes: Sequence[Fix]) -> Iterator[tuple[Fix | None, Fix]]:
    before = last
    for fix in fixes:
        yield before, fix
        before = fix


def _flushed(points: list[tuple[float, float]]) -> list[Box]:
    return [bounding(points).normal()] if points else []
