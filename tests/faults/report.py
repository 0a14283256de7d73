"""What a soak prints: how often each fault was injected, how long it stopped the flow, and what the checker found."""

import sys
from collections.abc import Mapping

from tests.faults.checker import Verdict

Row = tuple[int, float | None, float | None]


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Report:
    """Gathers what the stages of a soak came to."""

    def __init__(self) -> None:
        self._faults: dict[str, Row] = {}
        self._verdict = Verdict()
        self._failures: list[str] = []

    def add(self, verdict: Verdict, faults: Mapping[str, Row]) -> None:
        """A stage has ended; see `Recovery.table` for its faults."""
        self._verdict.add(verdict)
        for fault, row in faults.items():
            if fault == "start":
                continue
            self._faults[fault] = _both(self._faults[fault], row) if fault in self._faults else row

    def failed(self, why: str) -> None:
        """A fault could not be injected, or the flow did not come back after it."""
        self._failures.append(why)
        say(why)

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled, out of order or otherwise wrong, and the flow came back each time."""
        return self._verdict.clean and not self._failures

    def show(self) -> None:
        """Print it."""
        say(f"\n{'fault':<26} {'times':>5} {'first answer, s':>16} {'all accounts, s':>16}")
        for fault, (times, first_s, all_s) in sorted(self._faults.items()):
            say(f"{fault:<26} {times:>5} {_seconds(first_s):>16} {_seconds(all_s):>16}")
        say("(first answer: the median; all accounts: the longest)\n")
        for name in self._verdict.__struct_fields__[:-1]:
            say(f"{name.replace('disordered', 'out of order'):<14} {getattr(self._verdict, name):>9}")
        for problem in [*self._verdict.problems, *self._failures]:
            say(f"  {problem}")


def _both(one: Row, other: Row) -> Row:
    """Two stages' rows of one fault. Of two medians the longer is shown."""
    first = [seconds for seconds in (one[1], other[1]) if seconds is not None]
    every = [seconds for seconds in (one[2], other[2]) if seconds is not None]
    return one[0] + other[0], max(first, default=None), max(every, default=None)


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.2f}"
