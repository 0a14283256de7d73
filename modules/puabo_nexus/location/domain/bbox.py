"""Bounds as clients write them."""

import msgspec

from bus import FieldError, Refusal
from modules.geography.box import POLE_DEG, Box
from modules.geography.longitude import FULL_DEG, HALF_DEG

# Numbers are read as JSON has them, like all others: no NaN, no 1_000.
_numbers = msgspec.json.Decoder(tuple[float, float, float, float])


def parse_bbox(text: str, field: str = "query.bbox") -> Box:
    """The box of "west,south,east,north" in degrees; west is greater than east where it crosses the antimeridian.

    Args:
        text: as it came in.
        field: its path in the input, for messages.

    Raises:
        Refusal: invalid; it is not four numbers in range, or north lies south of south.
    """
    try:
        west, south, east, north = _numbers.decode(f"[{text}]")
    except msgspec.DecodeError as error:
        raise _refused(field, f"{text!r} is not west,south,east,north in degrees.") from error
    if not (-HALF_DEG <= west <= HALF_DEG and -HALF_DEG <= east <= HALF_DEG):
        raise _refused(field, "West and east must be in -180..180.")
    if not -POLE_DEG <= south <= north <= POLE_DEG:
        raise _refused(field, "South and north must be in -90..90, and south not beyond north.")
    return Box(west, south, east + FULL_DEG if west > east else east, north)


def _refused(field: str, reason: str) -> Refusal:
    return Refusal.invalid("invalid_bbox", reason, FieldError(field, reason))
