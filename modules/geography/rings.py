"""Checks on the rings of one polygon, each with the place where it fails."""

from collections.abc import Iterator, Sequence
from math import cos, radians
from typing import NamedTuple

from modules.geography.geodesy import MEAN_RADIUS_M
from modules.geography.predicates import Point, meeting_place, orientation

Ring = Sequence[Point]
"""A closed line without the repeated last point."""


class Meeting(NamedTuple):
    """Two edges that share a point and should not.

    Attributes:
        place: longitude and latitude, rounded where edges cross between their ends.
        rings: the numbers of the rings that the edges belong to; equal where a ring meets itself.
    """

    place: Point
    rings: tuple[int, int]


class _Edge(NamedTuple):
    west: float
    east: float
    south: float
    north: float
    start: Point
    end: Point
    ring: int
    number: int


def twice_signed_area(ring: Ring) -> float:
    """Twice the area in square degrees, positive where the ring runs counter-clockwise. Relative to its first point."""
    x, y = ring[0]
    return sum((a[0] - x) * (b[1] - y) - (a[1] - y) * (b[0] - x) for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))


def area_m2(ring: Ring) -> float:
    """The area in square metres, roughly: as if the ground were flat at the ring's first latitude."""
    metre_per_degree = radians(1.0) * MEAN_RADIUS_M
    return abs(twice_signed_area(ring)) / 2 * metre_per_degree**2 * cos(radians(ring[0][1]))


def is_flat(ring: Ring) -> bool:
    """Whether all its points lie on one line. Exact; neighbours must differ."""
    return all(orientation(ring[0], ring[1], point) == 0 for point in ring[2:])


def wound(ring: Ring, *, counter_clockwise: bool) -> Ring:
    """The ring in the wanted direction, beginning at the same point (RFC 7946, 3.1.6: shells run counter-clockwise)."""
    if (twice_signed_area(ring) > 0) == counter_clockwise:
        return ring
    return [ring[0], *reversed(ring[1:])]


def forbidden_meeting(rings: Sequence[Ring]) -> Meeting | None:
    """Two edges that share a point although they are not neighbours, or neighbours that run back over each other."""
    edges = sorted(_edges(rings))
    lengths = [len(ring) for ring in rings]
    # A sweep from west to east: only edges whose longitudes overlap are compared.
    active: list[_Edge] = []
    for edge in edges:
        active = [other for other in active if other.east >= edge.west]
        for other in active:
            if other.south > edge.north or other.north < edge.south:
                continue
            place = _conflict(other, edge, lengths)
            if place is not None:
                return Meeting(place, (min(other.ring, edge.ring), max(other.ring, edge.ring)))
        active.append(edge)
    return None


def _edges(rings: Sequence[Ring]) -> Iterator[_Edge]:
    for number, ring in enumerate(rings):
        for index, (a, b) in enumerate(zip(ring, [*ring[1:], ring[0]], strict=True)):
            yield _Edge(min(a[0], b[0]), max(a[0], b[0]), min(a[1], b[1]), max(a[1], b[1]), a, b, number, index)


def _conflict(one: _Edge, other: _Edge, lengths: Sequence[int]) -> Point | None:
    if one.ring == other.ring:
        length = lengths[one.ring]
        if (one.number + 1) % length == other.number:
            return _fold(one, other)
        if (other.number + 1) % length == one.number:
            return _fold(other, one)
    return meeting_place(one.start, one.end, other.start, other.end)


def _fold(edge: _Edge, following: _Edge) -> Point | None:
    """The corner between two neighbouring edges, if the second runs back over the first."""
    (ax, ay), (bx, by), (cx, cy) = edge.start, edge.end, following.end
    backwards = (bx - ax) * (cx - bx) + (by - ay) * (cy - by) < 0
    return edge.end if backwards and orientation(edge.start, edge.end, following.end) == 0 else None
