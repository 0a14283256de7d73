"""Times for which somebody may report."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct


class Period(Struct, frozen=True):
    """From an instant to another, both included; without end when ``until`` is None."""

    since: datetime
    until: datetime | None

    def covers(self, instant: datetime) -> bool:
        """Whether the instant lies in it."""
        return self.since <= instant and (self.until is None or instant <= self.until)


def covered(instant: datetime, periods: Iterable[Period] | None) -> bool:
    """Whether an instant lies in one of the periods; None stands for all times."""
    return periods is None or any(period.covers(instant) for period in periods)
