from datetime import datetime
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.puabo_nexus.gpx import parse_gpx
from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.domain.segmentation import fold, segment
from modules.puabo_nexus.tracker.domain.track import Leg, Track, TripRules
from tests.modules.puabo_nexus.tracker.drives import length_m, tracks

RULES = TripRules()


@st.composite
def portions(draw: st.DrawFn) -> tuple[list[list[Fix]], list[datetime]]:
    """A track in portions, and instants of it at which trips are cut."""
    track = draw(tracks())
    bounds = sorted(draw(st.sets(st.integers(0, len(track)), max_size=6)))
    edges = [0, *bounds, len(track)]
    cuts = sorted(draw(st.sets(st.sampled_from([item.fix_at for item in track]), max_size=3)))
    return [track[a:b] for a, b in pairwise(edges)], cuts


@given(portions())
def test_a_track_in_portions_is_cut_as_the_whole_is(given_: tuple[list[list[Fix]], list[datetime]]) -> None:
    parts, cuts = given_
    track = Track()
    legs: list[Leg] = []
    for part in parts:
        upto = [cut for cut in cuts if part and cut < part[-1].fix_at]
        legs += fold(track, part, upto, RULES)
        track = msgspec.json.decode(msgspec.json.encode(track), type=Track)
    legs += fold(track, [], cuts, RULES)
    whole = segment([item for part in parts for item in part], cuts, RULES)
    assert legs + ([track.open_leg] if track.open_leg else []) == whole


@given(tracks())
def test_a_cut_that_the_track_is_past_changes_nothing(track: list[Fix]) -> None:
    state = Track()
    fold(state, track, [], RULES)
    before = msgspec.json.encode(state)
    assert fold(state, [], [item.fix_at for item in track[:-1]], RULES) == []
    assert msgspec.json.encode(state) == before


@pytest.mark.reference
def test_a_recorded_drive_is_one_trip_of_its_own_length(shared_data: Path) -> None:
    [recording] = parse_gpx((shared_data / "gps" / "around-visnjan-with-car.gpx").read_bytes()).tracks
    [leg] = segment(recording.fixes, [], RULES)
    assert leg.length_m == pytest.approx(2736.0, abs=0.05)
    assert (leg.start.at, leg.end.at) == (recording.fixes[0].fix_at, recording.fixes[-1].fix_at)


@pytest.mark.reference
def test_a_recorded_drive_that_ends_with_a_stop_keeps_its_length_within_a_hundredth(shared_data: Path) -> None:
    [recording] = parse_gpx((shared_data / "gps" / "around-visnjan-with-car.gpx").read_bytes()).tracks
    last = recording.fixes[-1]
    parked = [msgspec.structs.replace(last, fix_at=last.fix_at.replace(minute=minute)) for minute in range(26, 40)]
    [leg] = segment([*recording.fixes, *parked], [], RULES)
    assert leg.reason == "stop"
    assert leg.length_m == pytest.approx(2736.0, rel=0.01)


@pytest.mark.reference
def test_a_walk_with_a_rest_is_cut_at_the_rest(shared_data: Path) -> None:
    walk = parse_gpx((shared_data / "gps" / "cerknicko-jezero.gpx").read_bytes()).tracks[1]
    first, second = segment(walk.fixes, [], RULES)
    assert (first.reason, second.reason) == ("stop", None)
    assert first.length_m + second.length_m < length_m(walk.fixes) == pytest.approx(1913.8, abs=0.05)
    assert (second.start.at - first.end.at).total_seconds() > RULES.stop_s
