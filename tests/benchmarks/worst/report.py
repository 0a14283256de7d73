"""How long the loop was held, and how it is shown."""

from msgspec import Struct

from nexus_actors.cli.terminal.table import table
from tests.benchmarks.figures import Summary

LIMIT_MS = 50.0
_HEAD = ("SERVICE", "WHAT", "BYTES IN", "MEDIAN, MS", "WORST, MS", "OUTCOME", "")


class Line(Struct, frozen=True, kw_only=True):
    """One line of the result: the hardest input of one message, route or case.

    Attributes:
        what: its name.
        said: what is extreme about that input.
        size: how many bytes it has; 0 where that is no matter.
        held_ms: the longest that one callback held the loop, in each round.
        by: what held it longest.
        outcome: "done", what an answer over HTTP says, or the code of the refusal that it ended with.
    """

    service: str
    what: str
    said: str
    size: int
    held_ms: Summary
    by: str
    outcome: str

    @property
    def is_over(self) -> bool:
        """Whether it held the loop longer than anything may."""
        return self.held_ms.median > LIMIT_MS


class Report(Struct, frozen=True, kw_only=True):
    """The result of one run.

    Attributes:
        rounds: how often each hardest input was measured.
        tried: how many inputs were tried to find these.
    """

    rounds: int
    tried: int
    machine: str
    lines: tuple[Line, ...]

    @property
    def is_over(self) -> bool:
        """Whether anything held the loop longer than it may."""
        return any(line.is_over for line in self.lines)


def _row(line: Line) -> tuple[str, ...]:
    mark = f"OVER {LIMIT_MS:g}: {line.said}; held by {line.by}" if line.is_over else ""
    size = f"{line.size:,}" if line.size else ""
    return line.service, line.what, size, f"{line.held_ms.median:.1f}", f"{line.held_ms.high:.1f}", line.outcome, mark


def lines(report: Report) -> str:
    """The result as text."""
    over = sum(line.is_over for line in report.lines)
    parts = (
        "Processor time for which one callback held the loop, by the hardest of all inputs that were tried.",
        table(_HEAD, [_row(line) for line in report.lines], right=range(2, 5)),
        f"{over} of {len(report.lines)} over {LIMIT_MS:g} ms. {report.tried} inputs were tried, {report.rounds} rounds each of "
        f"the hardest.\nMachine: {report.machine}. asyncio's own loop, for uvloop shows no callbacks.",
    )
    return "\n\n".join(parts)
