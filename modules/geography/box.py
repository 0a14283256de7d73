"""Boxes in degrees that bound paths, circles and polygons, also where these cross the antimeridian."""

from collections.abc import Iterable, Iterator
from math import asin, cos, degrees, radians, sin
from typing import NamedTuple

from modules.geography.geodesy import LEAST_RADIUS_M
from modules.geography.longitude import FULL_DEG, HALF_DEG, wrap

POLE_DEG = 90.0
_SLACK_DEG = 1e-9
_MARGIN = 1.0005
"""The sphere's box is widened by this, which covers rounding near the poles."""


class Box(NamedTuple):
    """A rectangle in longitude and latitude, edges included. ``east`` goes beyond 180 where it crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    def overlaps(self, other: "Box") -> bool:
        """Whether the two share a point on the ground, or nearly so: rounding at the antimeridian hides no overlap."""
        return (
            self.south <= other.north
            and other.south <= self.north
            and (
                (other.west - self.west + _SLACK_DEG) % FULL_DEG <= self.east - self.west + 2 * _SLACK_DEG
                or (self.west - other.west + _SLACK_DEG) % FULL_DEG <= other.east - other.west + 2 * _SLACK_DEG
            )
        )

    def images(self) -> Iterator["Box"]:
        """The box under the numbers that `normal` boxes may have for the same meridians."""
        for shift in (-FULL_DEG, 0.0, FULL_DEG):
            west, east = self.west + shift, self.east + shift
            if east >= -HALF_DEG and west <= HALF_DEG + FULL_DEG:
                yield Box(west, self.south, east, self.north)

    def normal(self) -> "Box":
        """The same box with ``west`` in -180..180: the form in which boxes are stored."""
        if self.east - self.west >= FULL_DEG:
            return Box(-HALF_DEG, self.south, HALF_DEG, self.north)
        west = wrap(self.west)
        return Box(west, self.south, self.east + (west - self.west), self.north)


def bounding(points: Iterable[tuple[float, float]]) -> Box:
    """The smallest box around some points, given as longitude and latitude. There must be at least one."""
    pairs = list(points)
    lons, lats = [lon for lon, _ in pairs], [lat for _, lat in pairs]
    return Box(min(lons), min(lats), max(lons), max(lats))


def joined(boxes: Iterable[Box]) -> Box:
    """The narrowest box around all of some `normal` boxes, going over the antimeridian where that is shorter."""
    pending = sorted(boxes)
    south, north = min(box.south for box in pending), max(box.north for box in pending)
    best = Box(-HALF_DEG, south, HALF_DEG, north)
    for start in range(len(pending)):
        turned = pending[start:] + [box._replace(west=box.west + FULL_DEG, east=box.east + FULL_DEG) for box in pending[:start]]
        candidate = Box(turned[0].west, south, max(box.east for box in turned), north)
        if candidate.east - candidate.west < best.east - best.west:
            best = candidate
    return best


def around(lat: float, lon: float, radius_m: float) -> Box:
    """A box that holds every point within ``radius_m`` of a centre; around a pole it goes all the way round."""
    reach = radius_m / LEAST_RADIUS_M * _MARGIN
    south, north = lat - degrees(reach), lat + degrees(reach)
    if south <= -POLE_DEG or north >= POLE_DEG:
        return Box(-HALF_DEG, max(south, -POLE_DEG), HALF_DEG, min(north, POLE_DEG))
    # The meridians that touch a circle on a sphere: sin(half width) = sin(reach) / cos(lat).
    half_width = degrees(asin(min(1.0, sin(reach) / cos(radians(lat))))) * _MARGIN
    return Box(lon - half_width, south, lon + half_width, north).normal()
