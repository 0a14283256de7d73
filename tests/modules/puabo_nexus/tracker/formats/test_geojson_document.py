import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.domain.stretches import split_at_antimeridian, split_at_gaps
from modules.puabo_nexus.tracker.domain.track import TripRules
from modules.puabo_nexus.tracker.formats.geojson_document import geojson_document
from tests.modules.puabo_nexus.tracker.drives import at, drive, fix, joined


def features(*runs: list[Fix]) -> list[dict[str, Any]]:
    document = json.loads(geojson_document(runs, {"plate": "ZG 1"}))
    assert document["type"] == "FeatureCollection"
    found: list[dict[str, Any]] = document["features"]
    return found


def test_a_run_is_a_line_with_longitude_first_and_its_instants() -> None:
    [feature] = features([fix(0), fix(10, 100)])
    assert feature["geometry"]["type"] == "LineString"
    first, second = feature["geometry"]["coordinates"]
    assert first == [13.71, 45.27]
    assert second[0] > first[0]
    assert feature["properties"] == {"plate": "ZG 1", "coordTimes": ["2026-03-02T07:00:00Z", "2026-03-02T07:00:10Z"]}


def test_the_altitude_is_written_when_every_fix_has_one() -> None:
    [high] = features([fix(0, altitude_m=10.0), fix(10, altitude_m=11.0)])
    [mixed] = features([fix(0, altitude_m=10.0), fix(10)])
    assert [len(position) for position in high["geometry"]["coordinates"]] == [3, 3]
    assert [len(position) for position in mixed["geometry"]["coordinates"]] == [2, 2]


def test_a_single_fix_is_a_point_and_no_fix_is_nothing() -> None:
    [feature] = features([fix(0)], [])
    assert feature["geometry"] == {"type": "Point", "coordinates": [13.71, 45.27]}
    assert features() == []


def test_a_line_over_the_antimeridian_is_cut_there() -> None:
    east, west = Fix(fix_at=at(0), lat=10.0, lon=179.9), Fix(fix_at=at(10), lat=12.0, lon=-179.7)
    [feature] = features([east, west])
    assert feature["geometry"]["type"] == "MultiLineString"
    before, after = feature["geometry"]["coordinates"]
    assert before == [[179.9, 10.0], [180.0, pytest.approx(10.5)]]
    assert after == [[-180.0, pytest.approx(10.5)], [-179.7, 12.0]]
    assert feature["properties"]["coordTimes"] == [
        ["2026-03-02T07:00:00Z", "2026-03-02T07:00:02.500000Z"],
        ["2026-03-02T07:00:02.500000Z", "2026-03-02T07:00:10Z"],
    ]


@given(st.lists(st.one_of(st.floats(-180, 180), st.sampled_from([-180.0, 180.0, 179.9, -179.9])), min_size=1, max_size=12))
def test_no_part_of_a_line_goes_round_the_globe(longitudes: list[float]) -> None:
    run = [Fix(fix_at=at(index), lat=1.0 * index, lon=lon) for index, lon in enumerate(longitudes)]
    parts = split_at_antimeridian(run)
    assert [item for part in parts for item in part if item in run] != []
    for part in parts:
        assert len(part) >= min(2, len(run))
        assert all(abs(a.lon - b.lon) <= 180 for a, b in pairwise(part))
        assert all(a.fix_at <= b.fix_at for a, b in pairwise(part))


def test_runs_end_at_gaps_and_jumps() -> None:
    first, second, third = drive(0, 0, 1000, 10), drive(3700, 1000, 2000, 10), drive(3801, 90_000, 91_000, 10)
    assert split_at_gaps(joined(first, second, third), TripRules()) == [first, second, third]
    assert split_at_gaps([], TripRules()) == []
