"""How long it takes until work flows again, by fault."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from tests.faults.record import History


class Mark(Struct, frozen=True):
    """A fault, and the instant from which recovery counts: when a process died, or when what was broken was whole again."""

    fault: str
    at: float


class Recovered(Struct, frozen=True):
    """One fault's recovery, in seconds; None where it has not come.

    Attributes:
        first_s: until any operation was answered.
        all_s: until that was so for every account.
    """

    fault: str
    first_s: float | None
    all_s: float | None


class Recovery:
    """Marks faults, and reads from the history what came after them."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.marks: list[Mark] = []

    def mark(self, fault: str, at: float) -> Mark:
        """Recovery counts from now on."""
        mark = Mark(fault, at)
        self.marks.append(mark)
        return mark

    def of(self, mark: Mark, accounts: Sequence[str]) -> Recovered:
        """How long it took after a mark.

        An operation counts from its answer, whenever it was asked first: what was asked during the fault is answered after it.
        """
        first: dict[str, float] = {}
        for operation in self._history.operations:
            if operation.outcome in {"accepted", "refused"} and operation.answered_at > mark.at:
                known = first.get(operation.account)
                if known is None or operation.answered_at < known:
                    first[operation.account] = operation.answered_at
        waits = [first[account] - mark.at for account in accounts if account in first]
        everybody = bool(waits) and len(waits) == len(accounts)
        return Recovered(mark.fault, min(waits, default=None), max(waits) if everybody else None)

    def table(self, accounts: Sequence[str]) -> dict[str, tuple[int, float | None, float | None]]:
        """By fault: how often it happened, the median until the first answer, and the longest until all accounts had one."""
        found: dict[str, list[Recovered]] = defaultdict(list)
        for mark in self.marks:
            found[mark.fault].append(self.of(mark, accounts))
        return {
            fault: (
                len(all_of_it),
                median([r.first_s for r in all_of_it if r.first_s is not None] or [float("nan")]),
                max((r.all_s for r in all_of_it if r.all_s is not None), default=None),
            )
            for fault, all_of_it in sorted(found.items())
        }
