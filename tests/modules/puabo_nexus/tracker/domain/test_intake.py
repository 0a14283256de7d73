from datetime import UTC, datetime, timedelta, timezone

import pytest
from msgspec.structs import replace

from bus import Refusal
from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.domain.filters import FixRules
from modules.puabo_nexus.tracker.domain.intake import Intake, Terms
from modules.puabo_nexus.tracker.domain.periods import Period
from tests.modules.puabo_nexus.tracker.drives import at, fix

TERMS = Terms(now=at(10_000), rules=FixRules())


def test_fixes_are_put_in_the_order_of_time_and_parted_at_the_edge() -> None:
    intake = Intake([[fix(30), fix(10), fix(20)]], at(20), TERMS)
    assert intake.live == [fix(30)]
    assert intake.old == [fix(10), fix(20)]


def test_a_fix_that_comes_twice_is_counted_once() -> None:
    intake = Intake([[fix(10, 1), fix(10, 1)], [fix(10, 1), fix(20, 2), fix(20, 2)]], None, TERMS)
    assert intake.live == [fix(10, 1), fix(20, 2)]
    intake.accepted(intake.live[:1])
    intake.rejected([(fix(20, 2), ("implausible_speed",))])
    first, second = intake.receipts()
    assert (first.accepted, first.duplicate) == (1, 1)
    assert (second.accepted, second.duplicate, len(second.rejected)) == (0, 1, 2)


def test_of_one_instant_the_most_accurate_comes_first_and_of_equals_the_first() -> None:
    sent = [fix(10, 1), fix(10, 2, accuracy_m=9), fix(10, 3, accuracy_m=4), fix(10, 4)]
    assert Intake([sent], None, TERMS).live == [sent[2], sent[1], sent[0], sent[3]]


def test_what_is_rejected_is_nobodys_original() -> None:
    """A receiver without satellites says 0, 0, and a second later, under the same instant, where it is."""
    null = Fix(fix_at=at(10), lat=0.0, lon=0.0)
    for sent in ([null, fix(10)], [fix(10), null]):
        intake = Intake([sent], None, TERMS)
        assert intake.live == [fix(10)]
        assert intake.aside == [(null, ("null_island",))]


def test_each_message_is_answered_for_its_own_fixes() -> None:
    intake = Intake([[fix(10), fix(40)], [fix(20), fix(30)]], at(20), TERMS)
    intake.accepted([fix(30)])
    intake.rejected([(fix(40), ("inaccurate",))])
    intake.late([fix(10)])
    intake.duplicate([fix(20)])
    first, second = intake.receipts()
    assert (first.accepted, first.duplicate, first.late, len(first.rejected)) == (0, 0, 1, 1)
    assert first.rejected[0].fix_at == at(40)
    assert first.rejected[0].reasons == ("inaccurate",)
    assert (second.accepted, second.duplicate, second.late, second.rejected) == (1, 1, 0, ())


def test_a_fix_in_the_future_holds_up_no_other() -> None:
    intake = Intake([[fix(0), fix(10_061)]], None, TERMS)
    assert intake.live == [fix(0)]
    assert intake.aside == [(fix(10_061), ("in_future",))]


def test_who_reports_for_a_time_reports_for_no_other() -> None:
    terms = replace(TERMS, periods=[Period(at(100), at(200)), Period(at(300), None)])
    intake = Intake([[fix(second) for second in (99, 100, 200, 201, 300, 9_999)]], None, terms)
    assert intake.live == [fix(100), fix(200), fix(300), fix(9_999)]
    assert intake.aside == [(fix(99), ("not_assigned",)), (fix(201), ("not_assigned",))]


WEEK_S = 7 * 86_400


@pytest.mark.parametrize("weeks", [1024, 2048])
def test_a_receiver_that_loses_weeks_is_put_right_once_it_is_known_to(weeks: int) -> None:
    sent = [fix(second - weeks * WEEK_S) for second in (0, 10, 20, 30)]
    rollover, taken, refused = None, [], []
    for item in [sent[0], *sent]:
        intake = Intake([[item]], None, TERMS, rollover)
        rollover = intake.rollover
        taken += intake.live
        refused += intake.aside
    assert taken == [fix(20), fix(30)]
    assert [(item, reasons[0]) for item, reasons in refused] == [(item, "week_rollover") for item in [sent[0], *sent[:2]]]
    assert rollover is not None
    late = fix(-60 * 86_400 - weeks * WEEK_S)
    assert Intake([[late]], None, TERMS, rollover).live == [fix(-60 * 86_400)]


def test_a_recording_of_that_time_is_of_that_time() -> None:
    sent = [fix(second - 1024 * WEEK_S) for second in (0, 10, 20, 30)]
    intake = Intake([sent], None, replace(TERMS, is_recording=True))
    assert (intake.live, intake.aside, intake.rollover) == (sent, [], None)


def test_what_is_old_and_lost_no_weeks_stays_where_it_is() -> None:
    sent = [fix(weeks * WEEK_S) for weeks in (-1000, -1040, -52)]
    intake = Intake([sent], None, TERMS)
    assert intake.old + intake.live == sorted(sent, key=lambda item: item.fix_at)
    assert intake.rollover is None


def test_instants_are_compared_in_utc() -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    moved = Fix(fix_at=at(10).astimezone(zone), lat=45.0, lon=13.0)
    intake = Intake([[moved, Fix(fix_at=at(10), lat=45.0, lon=13.0)]], None, TERMS)
    assert len(intake.live) == 1
    assert intake.live[0].fix_at.utcoffset() == timedelta(0)


def test_what_is_before_the_first_year_in_utc_is_refused_and_the_first_instant_is_not() -> None:
    early = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    with pytest.raises(Refusal) as refused:
        Intake([[Fix(fix_at=early, lat=45.0, lon=13.0)]], None, TERMS)
    assert refused.value.code == "invalid_instant"
    first = Fix(fix_at=datetime(1, 1, 1, tzinfo=UTC), lat=45.0, lon=13.0)
    assert Intake([[first]], None, TERMS).aside == [(first, ("too_old",))]
