"""The drive around Visnjan, recorded with a car: geofences on a real road with real gaps and jitter."""

import re
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from modules.geography.geodesy import geodesic_distance_m
from modules.puabo_nexus.location.contract import Circle
from modules.puabo_nexus.location.domain.crossings import walk
from modules.puabo_nexus.location.domain.fix import Fix
from modules.puabo_nexus.location.domain.shapes import region_of

pytestmark = pytest.mark.reference

_POINT = re.compile(r'<trkpt lat="([^"]+)" lon="([^"]+)">.*?<time>([^<]+)</time>', re.DOTALL)


def track(shared_data: Path) -> list[Fix]:
    text = (shared_data / "gps" / "around-visnjan-with-car.gpx").read_text()
    fixes = [Fix(datetime.fromisoformat(time), float(lat), float(lon)) for lat, lon, time in _POINT.findall(text)]
    assert len(fixes) == 104
    return fixes


def distance_m(one: Fix, other: Fix) -> float:
    return geodesic_distance_m(one.lat, one.lon, other.lat, other.lon)


def test_the_car_leaves_its_start_reaches_the_farthest_place_and_comes_back(shared_data: Path) -> None:
    fixes = track(shared_data)
    start = fixes[0]
    far = max(fixes, key=lambda fix: distance_m(start, fix))
    fences = {"start": region_of(Circle(start.lat, start.lon, 80)), "far": region_of(Circle(far.lat, far.lon, 80))}
    crossings, held = walk(None, fixes, fences, ())
    assert [(c.fence, c.direction) for c in crossings] == [
        ("start", "entered"),
        ("start", "exited"),
        ("far", "entered"),
        ("far", "exited"),
        ("start", "entered"),
    ]
    assert held == {"start"}
    for crossing in crossings[1:]:
        centre = start if crossing.fence == "start" else far
        assert geodesic_distance_m(crossing.lat, crossing.lon, centre.lat, centre.lon) == pytest.approx(80, abs=0.4)
        assert any(one.fix_at <= crossing.crossed_at <= other.fix_at == crossing.fix_at for one, other in pairwise(fixes))
