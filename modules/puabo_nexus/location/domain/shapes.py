"""Shapes of geofences: checked when they come in, and turned into regions when vehicles are judged by them."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from bus import FieldError, Refusal
from modules.geography.area import Area
from modules.geography.box import POLE_DEG, around
from modules.geography.disc import Disc
from modules.geography.region import Region
from modules.puabo_nexus.location.contract import Circle, MultiPolygon, Polygon, Shape
from modules.puabo_nexus.location.domain.polygons import (
    MOST_VERTICES,
    check_vertex_count,
    checked_polygon,
    open_rings,
    vertex_count,
)

_REGIONS_REMEMBERED = 512

_LOADING = 200_000

_shapes = msgspec.json.Decoder(Shape)


def checked(shape: Shape, field: str = "$.shape") -> Shape:
    """The shape in the form in which it is kept.

    Args:
        shape: as it came in.
        field: its path in the input, for messages.

    Raises:
        Refusal: invalid, with a code for the reason and the field and place at fault.
    """
    if isinstance(shape, Circle):
        return _checked_circle(shape, field)
    path = f"{field}.coordinates"
    if isinstance(shape, Polygon):
        check_vertex_count([shape.coordinates], path)
        return Polygon(checked_polygon(shape.coordinates, path))
    check_vertex_count(shape.coordinates, path)
    if not shape.coordinates:
        raise Refusal.invalid("no_polygons", "A MultiPolygon needs at least one polygon.", FieldError(path, "is empty"))
    return MultiPolygon(tuple(checked_polygon(rings, f"{path}[{part}]") for part, rings in enumerate(shape.coordinates)))


def weight_of(shape: Shape) -> int:
    """How much work `checked` is at most, in steps of which each takes less than a microsecond."""
    if isinstance(shape, Circle):
        return 1
    polygons = [shape.coordinates] if isinstance(shape, Polygon) else shape.coordinates
    if len(polygons) > MOST_VERTICES:
        return 1  # refused for their number alone
    # Any two edges may have to be compared. Holes may need shapely, whose loading takes longer than all of that.
    has_holes = any(len(rings) > 1 for rings in polygons)
    return vertex_count(polygons) ** 2 + (_LOADING if has_holes else 0)


def region_of(shape: Shape) -> Region:
    """The region of a `checked` shape."""
    if isinstance(shape, Circle):
        return Disc(shape.lat, shape.lon, shape.radius_m)
    polygons = [shape.coordinates] if isinstance(shape, Polygon) else shape.coordinates
    return Area([open_rings(rings) for rings in polygons])


@lru_cache(maxsize=_REGIONS_REMEMBERED)
def region_of_json(text: bytes) -> Region:
    """The region of a checked shape as it is stored. Remembered by its text: the same text is always the same region."""
    return region_of(_shapes.decode(text))


def regions_of(texts: Sequence[bytes]) -> list[Region]:
    """What `region_of_json` says of each."""
    return [region_of_json(text) for text in texts]


def _checked_circle(circle: Circle, field: str) -> Circle:
    box = around(circle.lat, circle.lon, circle.radius_m)
    if max(-box.south, box.north) >= POLE_DEG:
        reason = "The circle reaches a pole, where longitude has no meaning. Keep it off the poles."
        raise Refusal.invalid("pole", reason, FieldError(field, reason))
    return Circle(circle.lat + 0.0, circle.lon + 0.0, circle.radius_m)
