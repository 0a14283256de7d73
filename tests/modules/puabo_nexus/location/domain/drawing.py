"""Hypothesis strategies that draw polygons, circles and drives, and what makes shapely's of them."""

from datetime import UTC, datetime, timedelta
from math import cos, pi, sin

import shapely
from hypothesis import strategies as st

from modules.puabo_nexus.location.contract import Circle, MultiPolygon, Polygon
from modules.puabo_nexus.location.domain.fix import Fix

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

Corner = tuple[float, float]


def closed(corners: list[Corner]) -> tuple[Corner, ...]:
    return (*corners, corners[0])


@st.composite
def star_rings(draw: st.DrawFn, lon: float = 15.0, lat: float = 45.0, least: float = 0.004, most: float = 0.01) -> list[Corner]:
    """Corners of a simple ring around a centre: angles grow, distances (degrees) vary between ``least`` and ``most``."""
    count = draw(st.integers(3, 24))
    turns = sorted(draw(st.lists(st.integers(0, 999), min_size=count, max_size=count, unique=True)))
    lengths = draw(st.lists(st.floats(least, most), min_size=count, max_size=count))
    angles = [2 * pi * turn / 1000 for turn in turns]
    return [(lon + length * cos(angle), lat + length * sin(angle)) for angle, length in zip(angles, lengths, strict=True)]


def spans_round(ring: list[Corner], lon: float = 15.0, lat: float = 45.0) -> bool:
    """Whether a drawn ring goes round its centre. If not, neighbours are over half a turn apart, and it may cross itself."""
    return bool(shapely.Polygon(ring).contains(shapely.Point(lon, lat)))


@st.composite
def polygons(draw: st.DrawFn) -> Polygon:
    """A valid polygon near 15 E, 45 N, with or without a hole."""
    shell = draw(star_rings().filter(spans_round))
    rings = [closed(shell)]
    if draw(st.booleans()):
        hole = draw(star_rings(least=0.0005, most=0.001))
        if spans_round(hole) and shapely.Polygon(shell).contains_properly(shapely.Polygon(hole)):
            rings.append(closed(hole))
    return Polygon(tuple(rings))


def circles(lon: float = 15.0, lat: float = 45.0) -> st.SearchStrategy[Circle]:
    near = st.floats(-0.01, 0.01)
    return st.builds(lambda x, y, r: Circle(lat + y, lon + x, r), near, near, st.floats(5, 1500))


@st.composite
def drives(draw: st.DrawFn, least: int = 2, most: int = 40) -> list[Fix]:
    """Fixes in time order near 15 E, 45 N, some on whole grid points, so that edges and corners are hit exactly."""
    count = draw(st.integers(least, most))
    offset = st.one_of(st.floats(-0.015, 0.015), st.integers(-6, 6).map(lambda step: step / 400))
    fixes, at = [], START
    for _ in range(count):
        at += timedelta(seconds=draw(st.integers(1, 600)), microseconds=draw(st.integers(0, 999_999)))
        fixes.append(Fix(at, 45.0 + draw(offset), 15.0 + draw(offset)))
    return fixes


def shapely_of(shape: Polygon | MultiPolygon) -> shapely.Geometry:
    if isinstance(shape, Polygon):
        return shapely.Polygon(shape.coordinates[0], list(shape.coordinates[1:]))
    return shapely.MultiPolygon([(rings[0], list(rings[1:])) for rings in shape.coordinates])


def square(west: float, south: float, east: float, north: float) -> Polygon:
    return Polygon((((west, south), (east, south), (east, north), (west, north), (west, south)),))
