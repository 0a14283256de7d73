import pytest

from tests.faults.checker import Verdict
from tests.faults.report import Report


def test_two_stages_add_up(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report()
    report.add(Verdict(accepted=10, effects=10), {"start": (1, 1.0, 1.0), "worker killed": (2, 0.5, 1.25)})
    report.add(Verdict(accepted=5, effects=5), {"worker killed": (1, 0.75, None)})
    report.show()
    assert report.clean
    said = capsys.readouterr().out.splitlines()
    assert ["worker", "killed", "3", "0.75", "1.25"] in [line.split() for line in said]
    assert ["accepted", "15"] in [line.split() for line in said]
    assert not any(line.startswith("start") for line in said)


@pytest.mark.parametrize("heading", ["lost", "doubled", "disordered", "pending", "disagreeing"])
def test_one_problem_of_any_stage_is_no_success(heading: str, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = Verdict()
    wrong.found(heading, "what it was")
    report = Report()
    report.add(wrong, {})
    report.add(Verdict(), {})
    report.show()
    assert not report.clean
    assert f"{heading}: what it was" in capsys.readouterr().out


def test_a_flow_that_did_not_come_back_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report()
    report.add(Verdict(), {})
    report.failed("partition: not every account flows again")
    report.show()
    assert not report.clean
    assert capsys.readouterr().out.count("partition: not every account flows again") == 2
