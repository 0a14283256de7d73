"""Numbers as devices and recorders write them."""

import re
from math import isfinite
from typing import Final

_DECIMAL: Final = re.compile(r"[+-]?(\d{1,20}([.,]\d{0,40})?|[.,]\d{1,40})([eE][+-]?\d{1,2})?")


def number(value: object) -> float | None:
    """The finite number that a value is or says, with a decimal point or comma; None when it is none."""
    if isinstance(value, str):
        return float(value.replace(",", ".")) if _DECIMAL.fullmatch(value.strip()) is not None else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if isfinite(value) else None
    except OverflowError:
        return None
