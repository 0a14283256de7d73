"""Whether and when to start again what ended by itself: decisions as data."""

from collections.abc import Sequence

from msgspec import Struct


class RestartPolicy(Struct, frozen=True, kw_only=True):
    """Start again at once, then after waits that double, and give up when it ends too often.

    Attributes:
        limit: so many ends within the window are too many.
        window_s: the window, in seconds.
        base_s: the wait after the second end within the window.
        max_s: the longest wait.
    """

    limit: int = 6
    window_s: float = 60.0
    base_s: float = 0.5
    max_s: float = 10.0

    def wait_s(self, ends: Sequence[float]) -> float | None:
        """Seconds to wait after the last of some ends; None to give up.

        Args:
            ends: the instants at which it ended, ascending, in seconds of any one clock.
        """
        recent = sum(1 for end in ends if ends[-1] - end < self.window_s)
        if recent >= self.limit:
            return None
        if recent <= 1:
            return 0.0
        wait: float = min(self.max_s, self.base_s * 2 ** (recent - 2))
        return wait
