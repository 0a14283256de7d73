from itertools import pairwise

import pytest
from hypothesis import given

from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.domain.segmentation import segment
from modules.puabo_nexus.tracker.domain.track import Leg, Track, TripRules
from tests.modules.puabo_nexus.tracker.drives import at, drive, fix, joined, length_m, stand, tracks

RULES = TripRules()


def trips(fixes: list[Fix]) -> list[Leg]:
    return segment(fixes, [], RULES)


def test_a_drive_is_one_trip_of_the_length_of_its_line() -> None:
    fixes = drive(0, 0, 3000, 12)
    [leg] = trips(fixes)
    assert leg.reason is None
    assert (leg.start.at, leg.end.at) == (at(0), at(250))
    assert leg.length_m == pytest.approx(length_m(fixes), rel=1e-9)
    assert leg.average_mps == pytest.approx(12, rel=0.01)
    assert leg.top_mps == pytest.approx(12, rel=0.01)


def test_a_stop_ends_the_trip_at_the_arrival_and_the_next_counts_from_the_departure() -> None:
    there = drive(0, 0, 3000, 12)
    rest = stand(250, 900, 3000)
    back = drive(1160, 3000, 0, 12)
    first, second = trips(joined(there, rest, back))
    assert first.reason == "stop"
    assert first.length_m == pytest.approx(length_m(there), rel=0.01)
    assert abs((first.end.at - at(250)).total_seconds()) <= 40
    assert second.length_m == pytest.approx(length_m(back), rel=0.01)
    assert abs((second.start.at - at(1160)).total_seconds()) <= 40


def test_a_halt_shorter_than_a_stop_belongs_to_the_trip() -> None:
    fixes = joined(drive(0, 0, 2000, 10), stand(200, 270, 2000), drive(480, 2000, 4000, 10))
    [leg] = trips(fixes)
    assert (leg.start.at, leg.end.at) == (at(0), at(680))


def test_the_scatter_of_a_parked_vehicle_is_no_trip_and_no_distance() -> None:
    assert trips(joined([fix(0)], stand(0, 36_000, 0, every_s=10, scatter_m=14))) == []


def test_an_outlier_of_a_parked_vehicle_is_no_trip() -> None:
    fixes = joined([fix(0)], stand(0, 1200, 0), [fix(1210, 80)], stand(1220, 1200, 0), [fix(2430, -85)], stand(2440, 600, 0))
    assert trips(fixes) == []


def test_a_vehicle_that_creeps_away_from_its_place_sets_out_from_where_it_stood_last() -> None:
    fixes = joined([fix(0)], stand(0, 1200, 0), stand(1200, 1200, 70), drive(2410, 70, 2000, 10))
    [leg] = trips(fixes)
    assert leg.start.at >= at(2370)
    assert leg.length_m == pytest.approx(1930, rel=0.01)


def test_a_gap_ends_the_trip_before_it_and_is_not_measured() -> None:
    first, second = trips(joined(drive(0, 0, 3000, 10), drive(300 + 3600, 50_000, 53_000, 10)))
    assert (first.reason, first.end.at) == ("gap", at(300))
    assert first.length_m == pytest.approx(3000, rel=0.01)
    assert second.start.at == at(3900)
    assert second.length_m == pytest.approx(3000, rel=0.01)


def test_silence_shorter_than_a_gap_is_driven_through() -> None:
    [leg] = trips(joined(drive(0, 0, 3000, 10), drive(300 + 3500, 23_000, 26_000, 10)))
    assert leg.length_m == pytest.approx(26_000, rel=0.01)


def test_a_device_that_is_silent_while_parked_has_stopped() -> None:
    first, second = trips(joined(drive(0, 0, 3000, 10), [fix(2000, 3005)], drive(2010, 3005, 6000, 10)))
    assert (first.reason, first.end.at) == ("stop", at(300))
    assert second.start.at == at(2010)


def test_a_jump_is_not_driven() -> None:
    fixes = joined(drive(0, 0, 3000, 10), drive(301, 90_000, 93_000, 10))
    assert [leg.length_m for leg in trips(fixes)] == pytest.approx([3000, 3000], rel=0.01)


def test_fixes_minutes_apart_still_show_stops() -> None:
    there = [fix(300 * n, 3000 * n) for n in range(5)]
    rest = [fix(300 * n, 12_000 + n % 2) for n in range(5, 9)]
    back = [fix(300 * n, 12_000 - 3000 * (n - 8)) for n in range(9, 13)]
    first, second = trips(joined(there, rest, back))
    assert (first.end.at, second.start.at) == (at(1200), at(2400))
    assert [first.length_m, second.length_m] == pytest.approx([12_000, 12_000], rel=0.01)


def test_a_yard_is_no_trip() -> None:
    circles = [fix(10 * n, 40 * ((n % 4) in {1, 2}), 40 * ((n % 4) in {2, 3})) for n in range(20)]
    assert trips(circles) == []


def test_the_device_speed_counts_where_it_has_one_but_none_that_no_vehicle_reaches() -> None:
    fixes = [fix(10 * n, 100 * n, speed_mps=speed) for n, speed in enumerate([0, 14.0, 9000.0, 12.0])]
    [leg] = trips(fixes)
    assert leg.top_mps == RULES.fixes.max_speed_mps
    [leg] = trips([fix(10 * n, 100 * n, speed_mps=11.5) for n in range(4)])
    assert leg.top_mps == 11.5


def test_a_cut_ends_the_trip_and_the_next_fix_begins_another() -> None:
    fixes = drive(0, 0, 6000, 10)
    first, second = segment(fixes, [at(300)], RULES)
    assert (first.reason, first.end.at) == ("request", at(300))
    assert first.length_m == pytest.approx(3000, rel=0.01)
    assert second.start.at == at(310)


def test_a_cut_without_a_trip_ends_nothing() -> None:
    track = Track()
    assert track.cut("request") is None
    track.add(fix(0), RULES)
    assert track.cut("request") is None
    assert track.open_leg is None


@given(tracks())
def test_trips_tile_the_time_line_and_are_no_longer_than_the_track(track: list[Fix]) -> None:
    legs = trips(track)
    assert sum(leg.length_m for leg in legs) <= length_m(track) + 1e-6
    for leg in legs:
        assert track[0].fix_at <= leg.start.at < leg.end.at <= track[-1].fix_at
        assert leg.top_mps >= 0
    for before, after in pairwise(legs):
        assert before.end.at < after.start.at
        assert before.reason is not None


@given(tracks())
def test_no_trip_begins_before_the_floor(track: list[Fix]) -> None:
    state = Track()
    for index, item in enumerate(track):
        floor = state.floor_at
        leg = state.add(item, RULES)
        if leg is not None and floor is not None:
            assert leg.start.at >= floor
        assert state.floor_at is not None
        assert state.floor_at <= item.fix_at
        settled = [leg for leg in trips(track[: index + 1]) if leg.reason is not None]
        assert all(leg.start.at < state.floor_at for leg in settled)
