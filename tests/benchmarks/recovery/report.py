"""How long recovery took, and how it is shown."""

from msgspec import Struct

from nexus_actors.cli.terminal.table import table
from tests.benchmarks.figures import Summary

_HEAD = ("FAULT", "ROUNDS", "MEDIAN, S", "WORST, S", "EXPECTED, S")


class Line(Struct, frozen=True, kw_only=True):
    """One line of the result, in seconds.

    Attributes:
        expected_s: what the worst is to stay within; None where nothing is.
    """

    name: str
    rounds: int
    seconds: Summary
    expected_s: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the worst is within what is expected; None where nothing is."""
        return None if self.expected_s is None else self.seconds.high <= self.expected_s


class Report(Struct, frozen=True, kw_only=True):
    """The result of one run.

    Attributes:
        lease_s: for how long a worker owns a partition without a sign of life.
        settings: how it was measured.
    """

    lease_s: float
    machine: str
    settings: tuple[str, ...]
    lines: tuple[Line, ...]


def _row(line: Line) -> tuple[str, ...]:
    expected = "" if line.expected_s is None else f"{line.expected_s:g} {'met' if line.met else 'MISSED'}"
    return line.name, str(line.rounds), f"{line.seconds.median:.2f}", f"{line.seconds.high:.2f}", expected


def lines(report: Report) -> str:
    """The result as text."""
    parts = (
        "Seconds until every one of the keys under load has had an answer again.",
        table(_HEAD, [_row(line) for line in report.lines], right=range(1, 4)),
        "\n".join((f"Machine: {report.machine}", *report.settings)),
    )
    return "\n\n".join(parts)
