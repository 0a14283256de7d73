"""Positions in time."""

from datetime import datetime
from typing import NamedTuple


class Fix(NamedTuple):
    """Where a vehicle was at an instant, as its device reported it. Longitude in -180..180."""

    fix_at: datetime
    lat: float
    lon: float
