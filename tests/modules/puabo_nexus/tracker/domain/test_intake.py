from datetime import UTC, datetime, timedelta, timezone

import pytest

from bus import Refusal
from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.domain.filters import FixRules
from modules.puabo_nexus.tracker.domain.intake import Intake
from tests.modules.puabo_nexus.tracker.drives import at, fix

RULES = FixRules()
NOW = at(10_000)


def test_fixes_are_put_in_the_order_of_time_and_parted_at_the_edge() -> None:
    intake = Intake([[fix(30), fix(10), fix(20)]], at(20), NOW, RULES)
    assert intake.live == [fix(30)]
    assert intake.old == [fix(10), fix(20)]


def test_of_two_fixes_at_one_instant_the_first_counts() -> None:
    intake = Intake([[fix(10, 1), fix(10, 2)], [fix(10, 3)]], None, NOW, RULES)
    assert intake.live == [fix(10, 1)]
    intake.accepted(intake.live)
    first, second = intake.receipts()
    assert (first.accepted, first.duplicate) == (1, 1)
    assert (second.accepted, second.duplicate) == (0, 1)


def test_each_message_is_answered_for_its_own_fixes() -> None:
    intake = Intake([[fix(10), fix(40)], [fix(20), fix(30)]], at(20), NOW, RULES)
    intake.accepted([fix(30)])
    intake.rejected([(fix(40), ("inaccurate",))])
    intake.late([fix(10)])
    intake.duplicate([fix(20)])
    first, second = intake.receipts()
    assert (first.accepted, first.duplicate, first.late, len(first.rejected)) == (0, 0, 1, 1)
    assert first.rejected[0].fix_at == at(40)
    assert first.rejected[0].reasons == ("inaccurate",)
    assert (second.accepted, second.duplicate, second.late, second.rejected) == (1, 1, 0, ())


def test_a_fix_in_the_future_refuses_everything_and_is_named() -> None:
    with pytest.raises(Refusal) as refused:
        Intake([[fix(0), fix(10_061)]], None, NOW, RULES)
    assert (refused.value.kind, refused.value.code) == ("invalid", "future_fix")
    assert [error.field for error in refused.value.errors] == ["$.fixes[1].fix_at"]


def test_instants_are_compared_in_utc() -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    moved = Fix(fix_at=at(10).astimezone(zone), lat=45.0, lon=13.0)
    intake = Intake([[moved, Fix(fix_at=at(10), lat=45.0, lon=13.0)]], None, NOW, RULES)
    assert len(intake.live) == 1
    assert intake.live[0].fix_at.utcoffset() == timedelta(0)


def test_what_is_before_the_first_year_in_utc_is_refused_and_the_first_instant_is_not() -> None:
    early = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    with pytest.raises(Refusal) as refused:
        Intake([[Fix(fix_at=early, lat=45.0, lon=13.0)]], None, NOW, RULES)
    assert refused.value.code == "invalid_instant"
    first = datetime(1, 1, 1, tzinfo=UTC)
    assert [fix.fix_at for fix in Intake([[Fix(fix_at=first, lat=45.0, lon=13.0)]], None, NOW, RULES).live] == [first]
