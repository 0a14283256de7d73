from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.domain.filters import (
    FixRules,
    Suspicion,
    by_time,
    is_jump_between,
    own_reasons,
    sift_late,
    sift_live,
)
from tests.modules.puabo_nexus.tracker.drives import at, fix, tracks

RULES = FixRules()


@pytest.mark.parametrize(
    ("item", "reasons"),
    [
        (fix(0), ()),
        (Fix(fix_at=at(0), lat=0.0, lon=0.0), ("null_island",)),
        (Fix(fix_at=at(0), lat=0.0, lon=0.001), ()),
        (Fix(fix_at=datetime(1998, 12, 31, 23, 59, tzinfo=UTC), lat=45.0, lon=13.0), ("too_old",)),
        (Fix(fix_at=datetime(1980, 1, 6, tzinfo=UTC), lat=0.0, lon=0.0), ("null_island", "too_old")),
        (fix(0, accuracy_m=1000.0), ()),
        (fix(0, accuracy_m=1000.1), ("inaccurate",)),
    ],
)
def test_a_fix_that_cannot_be_right_is_told_by_reason(item: Fix, reasons: tuple[str, ...]) -> None:
    assert own_reasons(item, at(0), RULES) == reasons


def test_a_clock_may_run_a_minute_ahead_and_no_more() -> None:
    assert own_reasons(fix(60), at(0), RULES) == ()
    assert own_reasons(fix(60.001), at(0), RULES) == ("in_future",)


def test_a_jump_is_quarantined_and_the_track_goes_on() -> None:
    fixes = [fix(10, 100), fix(11, 50_000), fix(20, 200)]
    sifted, suspicion = sift_live(fixes, fix(0), None, RULES)
    assert sifted.admitted == [fixes[0], fixes[2]]
    assert sifted.quarantined == [(fixes[1], ("implausible_speed",))]
    assert suspicion is None


def test_fixes_that_agree_with_each_other_outweigh_the_one_they_contradict() -> None:
    wrong = fix(0, 500_000)
    right = [fix(10, 0), fix(20, 100), fix(30, 200), fix(40, 300)]
    sifted, _ = sift_live(right, wrong, None, RULES)
    assert [item for item, _ in sifted.quarantined] == right[:2]
    assert sifted.admitted == right[2:]


def test_fixes_that_contradict_each_other_too_stay_in_quarantine() -> None:
    scattered = [fix(10, 500_000), fix(20, -500_000), fix(30, 900_000), fix(40, -900_000)]
    sifted, suspicion = sift_live(scattered, fix(0), None, RULES)
    assert sifted.admitted == []
    assert suspicion == Suspicion(scattered[-1], 1)


def test_a_jump_that_is_sent_again_confirms_nothing() -> None:
    suspicion: Suspicion | None = None
    for _ in range(5):
        sifted, suspicion = sift_live([fix(10, 500_000)], fix(0), suspicion, RULES)
        assert sifted.admitted == []
    assert suspicion is not None
    assert suspicion.count == 1


def test_the_first_fix_of_all_has_nothing_to_contradict() -> None:
    sifted, _ = sift_live([fix(0, 500_000)], None, None, RULES)
    assert len(sifted.admitted) == 1


def test_a_late_fix_must_agree_with_the_one_after_it() -> None:
    history = [fix(0), fix(1000, 100)]
    sifted = sift_late([fix(999, 5_000)], history, RULES)
    assert [reasons for _, reasons in sifted.quarantined] == [("implausible_speed",)]
    assert sift_late([fix(500, 5_000)], history, RULES).quarantined == []


def test_late_fixes_are_each_others_neighbours() -> None:
    sifted = sift_late([fix(100, 5_000), fix(101, 60_000), fix(102, 5_100)], [fix(0), fix(1000)], RULES)
    assert [item for item, _ in sifted.quarantined] == [fix(101, 60_000)]


@given(tracks())
def test_a_plausible_track_passes_whole_and_in_any_selection(track: list[Fix]) -> None:
    sifted, suspicion = sift_live(track, None, None, RULES)
    assert sifted.quarantined == []
    assert suspicion is None
    assert sift_late(track[1::2], track[::2], RULES).quarantined == []


def test_two_fixes_at_nearly_one_instant_may_scatter() -> None:
    a = fix(0)
    assert not is_jump_between(a, Fix(fix_at=a.fix_at + timedelta(milliseconds=1), lat=a.lat, lon=a.lon + 0.001), RULES)


def test_nobody_drives_three_kilometres_in_half_a_minute() -> None:
    sifted, _ = sift_live([fix(30, 2_700), fix(60, 900)], fix(0), None, RULES)
    assert sifted.admitted == [fix(60, 900)]
    assert sifted.quarantined == [(fix(30, 2_700), ("implausible_speed",))]


def test_how_far_fixes_may_scatter_is_a_matter_of_their_accuracy() -> None:
    for accuracy_m, apart_m, jump in ((3, 101, True), (3, 99, False), (40, 149, False), (40, 151, True), (900, 171, True)):
        found = is_jump_between(fix(0, accuracy_m=accuracy_m), fix(1, apart_m, accuracy_m=accuracy_m), RULES)
        assert found == jump, (accuracy_m, apart_m)


def test_a_vehicle_that_went_by_ferry_is_believed_once_its_fixes_agree() -> None:
    """Its receiver was off on the way and said nothing for a while; then it is far away, and stays there."""
    aboard = [fix(60 + second, 30_000 + second) for second in range(5)]
    sifted, _ = sift_live(aboard, fix(0), None, RULES)
    assert sifted.admitted == aboard[2:]


def test_of_two_fixes_at_one_instant_the_more_accurate_stays_unless_it_cannot_be_right() -> None:
    coarse, fine, far = fix(10, 50, accuracy_m=40), fix(10, accuracy_m=5), fix(10, 90_000, accuracy_m=1)
    ordered = sorted([coarse, fine, far], key=by_time)
    for sifted in (sift_live(ordered, fix(0), None, RULES)[0], sift_late(ordered, [fix(0), coarse, fix(20)], RULES)):
        assert sifted.admitted == [fine]
        assert sifted.surplus == [coarse]
        assert [item for item, _ in sifted.quarantined] == [far]


def test_what_takes_the_place_of_a_fix_is_the_neighbour_of_the_next() -> None:
    history = [fix(0), fix(10, 3_000), fix(20)]
    sifted = sift_late([fix(10, 300, accuracy_m=5), fix(11, 360)], history, RULES)
    assert len(sifted.admitted) == 2


def test_what_takes_the_place_of_a_fix_must_agree_with_the_one_after_it() -> None:
    sifted = sift_late([fix(100, 5_000, accuracy_m=5)], [fix(0), fix(100), fix(101)], RULES)
    assert [reasons for _, reasons in sifted.quarantined] == [("implausible_speed",)]
