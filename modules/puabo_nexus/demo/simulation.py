"""A drive that is made up: through streets that turn, with a stop at a crossroads now and then."""

from datetime import datetime, timedelta
from math import cos, sin, tau
from random import Random

from geographiclib.geodesic import Geodesic

from modules.puabo_nexus.tracker.contract import Fix

START_LAT, START_LON = 45.2735, 13.7142
_M_PER_DEG_LAT, _M_PER_DEG_LON = 111_130, 78_500  # there
_STEPS = 480
_TOP_MPS = 14.0
_PICKS_UP_MPS2 = 1.2
_TURN_DEG = 6.0
_SCATTER_M = 1.5
_STOP_CHANCE = 0.008
_STOP_S = (8, 25)


def simulated_drive(seed: int, ends_at: datetime) -> list[Fix]:
    """A drive of eight minutes with a fix each second.

    Args:
        seed: the same one makes the same drive.
        ends_at: the instant of the last fix.
    """
    random = Random(seed)  # noqa: S311 - nothing is kept secret by it
    lat, lon, heading_deg, speed_mps, waits_s = START_LAT, START_LON, random.uniform(0, 360), 0.0, 0
    starts_at = ends_at - timedelta(seconds=_STEPS - 1)
    fixes = []
    for step in range(_STEPS):
        fixes.append(_fix(random, starts_at + timedelta(seconds=step), lat, lon, speed_mps, heading_deg))
        if waits_s:
            speed_mps, waits_s = 0.0, waits_s - 1
            continue
        speed_mps = min(_TOP_MPS, speed_mps + _PICKS_UP_MPS2)
        # It turns both ways, yet slowly to the right on the whole, so that it comes back in the end.
        heading_deg = (heading_deg + random.uniform(-_TURN_DEG, _TURN_DEG) + 360 / _STEPS * 0.7) % 360
        ahead = Geodesic.WGS84.Direct(lat, lon, heading_deg, speed_mps)
        lat, lon = ahead["lat2"], ahead["lon2"]
        if random.random() < _STOP_CHANCE:
            waits_s = random.randint(*_STOP_S)
    return fixes


def _fix(random: Random, at: datetime, lat: float, lon: float, speed_mps: float, heading_deg: float) -> Fix:
    """What a receiver makes of a place: a little beside it."""
    angle, away_m = random.random() * tau, abs(random.gauss(0, _SCATTER_M)) if speed_mps else 0.0
    north_deg, east_deg = away_m * cos(angle) / _M_PER_DEG_LAT, away_m * sin(angle) / _M_PER_DEG_LON
    return Fix(
        fix_at=at,
        lat=round(lat + north_deg, 7),
        lon=round(lon + east_deg, 7),
        speed_mps=round(speed_mps, 1),
        heading_deg=round(heading_deg, 1) % 360,
        accuracy_m=5.0,
    )
