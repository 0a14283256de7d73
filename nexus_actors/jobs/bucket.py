"""A token bucket: how much of something there may be a second, and at once."""


class Bucket:
    """Tokens that come at a rate and are kept up to a burst. Time is given to it, by any one clock that counts in seconds.

    Args:
        per_s: so many tokens come a second.
        burst: so many there are at most, and at first.
        now: the time.
    """

    def __init__(self, per_s: float, burst: float, now: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._left = burst
        self._at = now

    def holds(self, count: float, now: float) -> bool:
        """Whether there are so many tokens."""
        self._fill(now)
        return self._left >= count

    def take(self, count: float, now: float) -> float:
        """Take tokens, also where there are too few: the seconds until that has been made up for."""
        self._fill(now)
        self._left -= count
        return max(0.0, -self._left / self._per_s)

    def _fill(self, now: float) -> None:
        passed_s = max(0.0, now - self._at)
        self._left = min(self._burst, self._left + passed_s * self._per_s)
        self._at = now
