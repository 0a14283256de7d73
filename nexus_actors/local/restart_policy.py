"""Whether and when to start again what ended by itself: decisions as data."""

from collections.abc import Sequence

from msgspec import Struct


class Restart(Struct, frozen=True):
    """What to do after an end.

    Attributes:
        wait_s: so many seconds to wait before the next start.
        failed: it has ended so often in a row that somebody has to look.
    """

    wait_s: float
    failed: bool


class RestartPolicy(Struct, frozen=True, kw_only=True):
    """Start again at once, then after waits that double. What ends too often is given up, or is tried now and then.

    Attributes:
        limit: so many ends within the window are too many.
        window_s: the window, in seconds.
        base_s: the wait after the second end within the window.
        max_s: the longest wait.
        failed_s: the wait between two starts of what ends again and again.
    """

    limit: int = 6
    window_s: float = 60.0
    base_s: float = 0.5
    max_s: float = 10.0
    failed_s: float = 30.0

    def wait_s(self, ends: Sequence[float]) -> float | None:
        """Seconds to wait after the last of some ends; None to give up.

        Args:
            ends: the instants at which it ended, ascending, in seconds of any one clock.
        """
        recent = sum(1 for end in ends if ends[-1] - end < self.window_s)
        return None if recent >= self.limit else self._backoff_s(recent)

    def restart(self, runs: Sequence[float]) -> Restart:
        """What to do after the last of some runs, where it is never given up.

        Args:
            runs: how many seconds each has served before it ended, the latest last; 0 for one that did not come so far. One of
                `window_s` or more was a good one, and what was before it counts no more.
        """
        bad = next((number for number, served_s in enumerate(reversed(runs)) if served_s >= self.window_s), len(runs))
        if bad >= self.limit:
            return Restart(self.failed_s, failed=True)
        return Restart(self._backoff_s(bad), failed=False)

    def _backoff_s(self, count: int) -> float:
        wait: float = 0.0 if count <= 1 else min(self.max_s, self.base_s * 2 ** (count - 2))
        return wait
