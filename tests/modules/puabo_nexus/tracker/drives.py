"""Drives to test with: fixes along ways that are given in metres, and ways that hypothesis makes up."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from modules.geography.geodesy import distance_m
from modules.puabo_nexus.tracker.contract import Fix

START = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
LAT, LON = 45.27, 13.71
M_PER_DEG_LAT = 111_130.0
M_PER_DEG_LON = 78_500.0


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def fix(seconds: float, east_m: float = 0.0, north_m: float = 0.0, **more: Any) -> Fix:
    """A fix some seconds after the start and some metres from the origin."""
    return Fix(fix_at=at(seconds), lat=LAT + north_m / M_PER_DEG_LAT, lon=LON + east_m / M_PER_DEG_LON, **more)


def drive(start_s: float, from_m: float, to_m: float, speed_mps: float, every_s: float = 10.0) -> list[Fix]:
    """Fixes along a straight line east, the first and the last point included."""
    steps = max(1, round(abs(to_m - from_m) / speed_mps / every_s))
    duration_s = abs(to_m - from_m) / speed_mps
    return [fix(start_s + duration_s * step / steps, from_m + (to_m - from_m) * step / steps) for step in range(steps + 1)]


def stand(start_s: float, duration_s: float, east_m: float, every_s: float = 30.0, scatter_m: float = 3.0) -> list[Fix]:
    """Fixes of a vehicle that stands, scattered a little. The first one comes ``every_s`` after the start."""
    steps = round(duration_s / every_s)
    return [
        fix(start_s + every_s * step, east_m + scatter_m * (-1) ** step, scatter_m * ((step % 3) - 1))
        for step in range(1, steps + 1)
    ]


def length_m(fixes: Sequence[Fix]) -> float:
    """The length of the line through them."""
    return sum(distance_m(a.lat, a.lon, b.lat, b.lon) for a, b in pairwise(fixes))


def joined(*parts: Iterable[Fix]) -> list[Fix]:
    """The parts as one track, each instant once."""
    unique = {item.fix_at: item for part in parts for item in part}
    return [unique[instant] for instant in sorted(unique)]


@st.composite
def tracks(draw: st.DrawFn, max_parts: int = 8) -> list[Fix]:
    """A plausible track: drives, stops long and short, and gaps, none faster than a vehicle goes.

    Its device says of accuracy and speed nothing, or what is so.
    """
    seconds, east, north = 0.0, 0.0, 0.0
    accuracies = draw(st.sampled_from([(), (5.0,), (8.0, 25.0), (70.0,)]))
    tells_speed = draw(st.booleans())
    fixes = [fix(0.0)]
    for _ in range(draw(st.integers(1, max_parts))):
        kind = draw(st.sampled_from(["drive", "drive", "stop", "gap"]))
        every_s = draw(st.sampled_from([1.0, 7.0, 20.0, 60.0, 150.0]))
        count = draw(st.integers(1, 15))
        speed = draw(st.floats(2.0, 35.0)) if kind == "drive" else 0.0
        turn = draw(st.sampled_from([(1, 0), (-1, 0), (0, 1), (0.7, -0.7)]))
        if kind == "gap":
            seconds += draw(st.floats(3000.0, 9000.0))
        for _ in range(count):
            seconds += every_s
            east += turn[0] * speed * every_s
            north += turn[1] * speed * every_s
            scatter = draw(st.floats(-8.0, 8.0))
            told = {"accuracy_m": accuracies[len(fixes) % len(accuracies)]} if accuracies else {}
            told |= {"speed_mps": speed} if tells_speed else {}
            fixes.append(fix(round(seconds, 3), east + scatter, north - scatter, **told))
    return joined(fixes)
