"""When to try a failed turn again: decisions as data."""

from msgspec import Struct


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """Exponential backoff.

    Attributes:
        max_attempts: the failure after which a message is parked.
        base_s: the wait after the first failure; it doubles with each further one.
        max_s: the longest wait.
        jitter: the share of a wait that chance takes away, so that failures of one cause do not come back together.
    """

    max_attempts: int = 6
    base_s: float = 0.2
    max_s: float = 30.0
    jitter: float = 0.25

    def wait_s(self, failures: int, chance: float) -> float | None:
        """Seconds to wait after the given number of failures; None when the message is to be parked.

        Args:
            chance: a random number in [0, 1).
        """
        if failures >= self.max_attempts:
            return None
        wait: float = min(self.max_s, self.base_s * 2 ** (failures - 1))
        return wait * (1 - self.jitter * chance)
