"""What a benchmark found, and how it is shown."""

from collections.abc import Sequence

from msgspec import Struct

from nexus_actors.cli.terminal.table import table
from tests.benchmarks.figures import Comparison, Summary

_HEAD = ("MEASUREMENT", "UNIT", "NEXUS COS", "", "FASTSTREAM", "", "RATIO", "FROM", "TO", "EXPECTED")
_ROUNDED_FROM = 100


class Tried(Struct, frozen=True):
    """A setting of FastStream that was tried, with its figure; the best one of each measurement was taken."""

    measurement: str
    setting: str
    figure: float
    unit: str
    taken: bool


class Report(Struct, frozen=True, kw_only=True):
    """The result of one run.

    Attributes:
        machine: what it ran on, in general terms.
        versions: of everything that takes part.
        settings: of the servers and of our side.
    """

    rounds: int
    messages: int
    machine: str
    versions: dict[str, str]
    settings: tuple[str, ...]
    tried: tuple[Tried, ...]
    comparisons: tuple[Comparison, ...]


def shown(value: float) -> str:
    """A figure for people: whole from a hundred on, three digits below."""
    return f"{value:,.0f}" if abs(value) >= _ROUNDED_FROM else f"{value:#.3g}".rstrip(".")


def _figure(summary: Summary) -> tuple[str, str]:
    return shown(summary.median), f"±{summary.spread:.0%}"


def _line(comparison: Comparison) -> tuple[str, ...]:
    expected = ""
    if comparison.expected is not None:
        expected = f"{comparison.expected:g} {'met' if comparison.met else 'MISSED'}"
    ratio = comparison.ratio
    ratios = (f"{value:.2f}" for value in (ratio.median, ratio.low, ratio.high))
    return comparison.name, comparison.unit, *_figure(comparison.ours), *_figure(comparison.theirs), *ratios, expected


def lines(report: Report) -> str:
    """The result as text: the table, and below it all that one needs to judge it."""
    comparisons = table(_HEAD, [_line(comparison) for comparison in report.comparisons], right=range(2, 9))
    tried = table(
        ("FASTSTREAM'S SETTINGS, TRIED FIRST", "", "", "UNIT", "FOR"),
        [(one.setting, "taken" if one.taken else "", shown(one.figure), one.unit, one.measurement) for one in report.tried],
        right=[2],
    )
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    parts = (
        f"Medians of {report.rounds} rounds of {report.messages:,} messages; ± is half the distance from lowest to highest.\n"
        "A ratio above 1 is in our favour. It is taken round by round: both sides of a round are measured one after the other.",
        comparisons,
        tried,
        "\n".join((f"Machine: {report.machine}", f"Versions: {versions}", *report.settings)),
    )
    return "\n\n".join(parts)


def best(figures: Sequence[float], *, lowest: bool = False) -> int:
    """Which of the figures is the best one; the first of equals.

    Raises:
        ValueError: there are none.
    """
    return figures.index(min(figures) if lowest else max(figures))
