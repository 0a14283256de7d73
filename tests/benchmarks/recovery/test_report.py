"""How the benchmark of recovery shows what it found."""

import msgspec
import pytest

from tests.benchmarks.figures import Summary
from tests.benchmarks.recovery.report import Line, Report, lines

REPORT = Report(
    lease_s=5.0,
    machine="2 cores, x86_64, Linux",
    settings=("Lease: 5 s.",),
    lines=(
        Line(name="worker killed", rounds=3, seconds=Summary(5.0, 4.5, 6.25), expected_s=10),
        Line(name="Redis killed", rounds=3, seconds=Summary(2.0, 1.0, 5.5), expected_s=5),
        Line(name="PostgreSQL restarted", rounds=3, seconds=Summary(2.0, 1.0, 3.0)),
    ),
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("worker killed", ["3", "5.00", "6.25", "10", "met"]),
        ("Redis killed", ["3", "2.00", "5.50", "5", "MISSED"]),
        ("PostgreSQL restarted", ["3", "2.00", "3.00"]),
    ],
)
def test_the_worst_round_is_held_against_what_is_expected(name: str, expected: list[str]) -> None:
    found = next(line for line in lines(REPORT).splitlines() if line.startswith(name))
    assert found.removeprefix(name).split() == expected


def test_a_report_survives_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(REPORT), type=Report) == REPORT
