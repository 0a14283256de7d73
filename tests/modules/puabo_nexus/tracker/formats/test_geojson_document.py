import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.domain.stretches import split_at_antimeridian, split_at_gaps
from modules.puabo_nexus.tracker.domain.track import TripRules
from modules.puabo_nexus.tracker.formats import geojson_document
from tests.modules.puabo_nexus.tracker.documents import geojson, gpx
from tests.modules.puabo_nexus.tracker.drives import at, drive, fix, joined


def features(*slices: list[Fix]) -> list[dict[str, Any]]:
    document = json.loads(geojson({"plate": "ZG 1"}, *slices))
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
    east, west = Fix(fix_at=at(0), lat=10.0, lon=179.9), Fix(fix_at=at(3500), lat=12.0, lon=-179.7)
    [feature] = features([east, west])
    assert feature["geometry"]["type"] == "MultiLineString"
    before, after = feature["geometry"]["coordinates"]
    assert before == [[179.9, 10.0], [180.0, pytest.approx(10.5)]]
    assert after == [[-180.0, pytest.approx(10.5)], [-179.7, 12.0]]
    assert feature["properties"]["coordTimes"] == [
        ["2026-03-02T07:00:00Z", "2026-03-02T07:14:35Z"],
        ["2026-03-02T07:14:35Z", "2026-03-02T07:58:20Z"],
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
    track = joined(first, second, third)
    assert split_at_gaps(track, None, TripRules()) == [[], first, second, third]
    assert split_at_gaps(track[1:], track[0], TripRules()) == [first[1:], second, third]
    assert split_at_gaps([], None, TripRules()) == [[]]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_document_is_the_same_however_its_track_is_sliced(size: int) -> None:
    track = joined(drive(0, 0, 1000, 10), drive(3700, 1000, 2000, 10), drive(3801, 90_000, 91_000, 10))
    slices = [track[start : start + size] for start in range(0, len(track), size)]
    assert geojson({}, *slices) == geojson({}, track)
    assert gpx("a", *slices) == gpx("a", track)


def test_a_very_long_line_is_several_that_touch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geojson_document, "MOST_POSITIONS", 4)
    track = drive(0, 0, 1000, 10)
    assert len(track) == 11
    for size in (1, 3, 100):
        found = features(*(track[start : start + size] for start in range(0, len(track), size)))
        lines = [feature["geometry"]["coordinates"] for feature in found]
        assert [len(line) for line in lines] == [4, 4, 4, 2]
        assert all(before[-1] == after[0] for before, after in pairwise(lines))
    assert [len(feature["geometry"]["coordinates"]) for feature in features(track[:4])] == [4]
