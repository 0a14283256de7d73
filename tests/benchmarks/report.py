"""What a benchmark found, and how it is shown."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from nexus_actors.cli.terminal.table import table
from tests.benchmarks.figures import Comparison, Summary
from tests.benchmarks.kills.trial import Outcome

_HEAD = ("MEASUREMENT", "UNIT", "NEXUS COS", "", "PEER", "", "", "RATIO", "FROM", "TO", "EXPECTED")
_ROUNDED_FROM = 100


class Tried(Struct, frozen=True):
    """A setting of a peer that was tried, with its figure; the best one of each measurement was taken."""

    peer: str
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
        kills: what became of messages whose workers were killed; empty where that was left out.
    """

    rounds: int
    messages: int
    machine: str
    versions: dict[str, str]
    settings: tuple[str, ...]
    tried: tuple[Tried, ...]
    comparisons: tuple[Comparison, ...]
    kills: tuple[Outcome, ...] = ()


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
    ours, theirs = _figure(comparison.ours), _figure(comparison.theirs)
    return comparison.name, comparison.unit, *ours, comparison.peer, *theirs, *ratios, expected


def _kills(outcomes: Sequence[Outcome]) -> Iterator[str]:
    if not outcomes:
        return
    head = ("UNDER KILL -9", "MESSAGES", "KILLS", "NEVER HANDLED", "MORE THAN ONCE", "OUT OF ORDER", "SETTINGS")
    rows = [
        (one.name, *(f"{count:,}" for count in (one.messages, one.kills, one.never, one.twice, one.disordered)), one.settings)
        for one in outcomes
    ]
    yield table(head, rows, right=range(1, 6))
    yield (
        "Two workers each; now and then one of them is killed, and another one started at once. Each message writes a row\n"
        "into PostgreSQL. Out of order: after a later message of its key, repeats included. No peer promises an order."
    )


def lines(report: Report) -> str:
    """The result as text: the table, and below it all that one needs to judge it."""
    comparisons = table(_HEAD, [_line(comparison) for comparison in report.comparisons], right=(2, 3, 5, 6, 7, 8, 9))
    tried = table(
        ("PEER", "SETTINGS, TRIED FIRST", "", "", "UNIT", "FOR"),
        [
            (one.peer, one.setting, "taken" if one.taken else "", shown(one.figure), one.unit, one.measurement)
            for one in report.tried
        ],
        right=[3],
    )
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    parts = (
        f"Medians of {report.rounds} rounds of {report.messages:,} messages; ± is half the distance from lowest to highest.\n"
        "A ratio above 1 is in our favour. It is taken round by round: both sides of a round are measured one after the other.",
        comparisons,
        *_kills(report.kills),
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
