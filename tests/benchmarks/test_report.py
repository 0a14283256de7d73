"""How the benchmark shows what it found."""

import msgspec
import pytest

from tests.benchmarks.figures import compare
from tests.benchmarks.report import Report, Tried, best, lines, shown

REPORT = Report(
    rounds=3,
    messages=20_000,
    machine="2 cores, x86_64, Linux",
    versions={"PostgreSQL": "18.4", "Python": "3.11.7"},
    settings=("Servers: fsync on",),
    tried=(
        Tried("FastStream", "consume", "one by one", 5_000.0, "msg/s", taken=False),
        Tried("FastStream", "consume", "in batches", 80_000.0, "msg/s", taken=True),
    ),
    comparisons=(
        compare(
            "publish", "msg/s", [150_000.0, 160_000.0, 155_000.0], [50_000.0, 50_000.0, 50_000.0], peer="FastStream", expected=3
        ),
        compare("consume", "msg/s", [160_000.0], [80_000.0], peer="taskiq", expected=10),
        compare("ask", "ms", [1.8], [0.9], peer="arq", better="lower"),
    ),
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(163_533.4, "163,533"), (100.0, "100"), (99.94, "99.9"), (1.766, "1.77"), (0.98, "0.980"), (18.0, "18.0"), (0.0, "0.00")],
)
def test_figures_have_the_digits_that_mean_something(value: float, expected: str) -> None:
    assert shown(value) == expected


def test_a_line_shows_medians_spreads_the_ratio_and_whether_it_is_what_is_expected() -> None:
    found = {line.split()[0]: line.split() for line in lines(REPORT).splitlines() if line}
    assert found["publish"][:7] == ["publish", "msg/s", "155,000", "±3%", "FastStream", "50,000", "±0%"]
    assert found["publish"][7:] == ["3.10", "3.00", "3.20", "3", "met"]
    assert found["consume"][-2:] == ["10", "MISSED"]
    assert found["ask"] == ["ask", "ms", "1.80", "±0%", "arq", "0.900", "±0%", "0.50", "0.50", "0.50"]


def test_what_it_was_measured_with_stands_below() -> None:
    text = lines(REPORT)
    assert "Machine: 2 cores, x86_64, Linux\nVersions: PostgreSQL 18.4, Python 3.11.7\nServers: fsync on" in text
    taken = [line for line in text.splitlines() if " taken  " in line]
    assert len(taken) == 1
    assert taken[0].split()[:3] == ["FastStream", "in", "batches"]


def test_a_report_survives_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(REPORT), type=Report) == REPORT


def test_the_best_figure_is_the_highest_or_the_lowest() -> None:
    assert best([1.0, 3.0, 2.0, 3.0]) == 1
    assert best([2.0, 1.0, 3.0], lowest=True) == 1
    with pytest.raises(ValueError, match="empty"):
        best([])
