"""Which polygons are taken as fences, and the form in which they are kept (RFC 7946, section 3.1)."""

from collections.abc import Sequence

from bus import FieldError, Refusal
from modules.geography.box import POLE_DEG
from modules.geography.edges import Edges
from modules.geography.longitude import HALF_DEG
from modules.geography.predicates import Point
from modules.geography.rings import Ring, area_m2, forbidden_meeting, is_flat, wound

MOST_VERTICES = 1_000
LEAST_AREA_M2 = 1.0
_LEAST_POSITIONS = 4
_LEAST_CORNERS = 3

Positions = Sequence[Sequence[float]]
Rings = tuple[tuple[Point, ...], ...]
"""Closed rings as GeoJSON has them: the last position repeats the first."""


def checked_polygon(rings: Sequence[Positions], field: str) -> Rings:
    """The rings of a polygon without altitudes and repeated points, shell counter-clockwise, holes clockwise.

    Args:
        rings: as they came in.
        field: their path in the input, for messages.

    Raises:
        Refusal: invalid, with the field and the place at fault.
    """
    if not rings:
        raise _refused("no_rings", field, "A polygon needs at least one ring, its shell.")
    corners = [_corners(ring, f"{field}[{number}]") for number, ring in enumerate(rings)]
    touching = _check_simple(corners, field)
    _check_areas(corners, field)
    if not touching:
        _check_holes(corners, field)
    return tuple(
        (*turned, turned[0]) for turned in (wound(ring, counter_clockwise=number == 0) for number, ring in enumerate(corners))
    )


def check_vertex_count(polygons: Sequence[Sequence[Positions]], field: str) -> None:
    """Raise `Refusal` where a shape has more vertices than can be watched."""
    # Each polygon has three or more, if it is one: of so many, empty ones among them, not even these are counted.
    if len(polygons) > MOST_VERTICES:
        reason = f"The shape has {len(polygons)} polygons; {MOST_VERTICES} vertices are allowed in all. Simplify it."
        raise _refused("too_many_vertices", field, reason)
    count = vertex_count(polygons)
    if count > MOST_VERTICES:
        reason = f"The shape has {count} vertices; {MOST_VERTICES} are allowed. Simplify it."
        raise _refused("too_many_vertices", field, reason)


def vertex_count(polygons: Sequence[Sequence[Positions]]) -> int:
    """How many vertices all rings have together, the repeated last ones left out."""
    return sum(max(0, len(ring) - 1) for rings in polygons for ring in rings)


def open_rings(rings: Sequence[Positions]) -> list[Ring]:
    """Rings as corners: without altitudes and without the repeated last position."""
    return [[(position[0], position[1]) for position in ring[:-1]] for ring in rings]


def _corners(ring: Positions, field: str) -> Ring:
    """The distinct corners of one ring."""
    if len(ring) < _LEAST_POSITIONS:
        raise _refused("ring_too_short", field, "A ring needs at least 4 positions; the last repeats the first.")
    if tuple(ring[0]) != tuple(ring[-1]):
        raise _refused("ring_not_closed", field, "The ring is open. Repeat its first position at the end.")
    points = [_point(position, f"{field}[{index}]") for index, position in enumerate(ring[:-1])]
    corners = [point for index, point in enumerate(points) if point != points[index - 1]]
    if len(corners) < _LEAST_CORNERS or is_flat(corners):
        raise _refused("zero_area", field, "All positions of the ring lie on one line, so it encloses nothing.")
    for index, (a, b) in enumerate(zip(corners, [*corners[1:], corners[0]], strict=True)):
        if abs(a[0] - b[0]) > HALF_DEG:
            reason = (
                f"Edge {index} from longitude {a[0]:g} to {b[0]:g} spans more than 180 degrees. Cut a polygon that crosses "
                "the antimeridian there into a MultiPolygon (RFC 7946, 3.1.9); give a wider one more vertices."
            )
            raise _refused("antimeridian_uncut", field, reason)
    return corners


def _point(position: Sequence[float], field: str) -> Point:
    lon, lat = position[0] + 0.0, position[1] + 0.0  # adding zero turns -0.0 into 0.0
    if not -HALF_DEG <= lon <= HALF_DEG:
        raise _refused("out_of_range", field, f"Longitude {lon:g} is outside -180..180. A position is [longitude, latitude].")
    if not -POLE_DEG <= lat <= POLE_DEG:
        raise _refused("out_of_range", field, f"Latitude {lat:g} is outside -90..90. A position is [longitude, latitude].")
    if abs(lat) == POLE_DEG:
        raise _refused("pole", field, "The shape reaches a pole, where longitude has no meaning. Keep it off the poles.")
    return lon, lat


def _check_simple(rings: Sequence[Ring], field: str) -> bool:
    """Whether rings touch each other, and only as OGC Simple Features allow: in single points that cut the inside nowhere."""
    meeting = forbidden_meeting(rings)
    if meeting is None:
        return False
    place = f"at longitude {meeting.place[0]:.9g}, latitude {meeting.place[1]:.9g}"
    one, other = meeting.rings
    if one == other:
        reason = f"The ring crosses or touches itself {place}. Draw it so that its edges meet only at their ends."
        raise _refused("self_intersection", f"{field}[{one}]", reason)
    # Few polygons have rings that touch: only these need shapely.
    from modules.geography.validity import is_valid  # noqa: PLC0415

    if is_valid(rings):
        return True
    reason = (
        f"The ring meets ring {one} {place}. Keep holes inside the shell; rings may touch in single points, as long as they do "
        "not cross, share no edge and leave the inside in one piece."
    )
    raise _refused("rings_touch", f"{field}[{other}]", reason)


def _check_areas(rings: Sequence[Ring], field: str) -> None:
    for number, ring in enumerate(rings):
        if area_m2(ring) < LEAST_AREA_M2:
            reason = f"The ring encloses less than {LEAST_AREA_M2:g} square metre."
            raise _refused("zero_area", f"{field}[{number}]", reason)


def _check_holes(rings: Sequence[Ring], field: str) -> None:
    """As no two rings meet, one point of a hole tells where all of it lies."""
    alone = [Edges([ring]) for ring in rings]
    for number, hole in enumerate(rings[1:], start=1):
        if not alone[0].covers(hole[0]):
            raise _refused("hole_outside_shell", f"{field}[{number}]", "The hole lies outside the shell, the first ring.")
        for other in range(1, len(rings)):
            if other != number and alone[other].covers(hole[0]):
                raise _refused(
                    "hole_in_hole", f"{field}[{number}]", f"The hole lies inside ring {other}, which is a hole itself."
                )


def _refused(code: str, field: str, reason: str) -> Refusal:
    return Refusal.invalid(code, reason, FieldError(field, reason))
