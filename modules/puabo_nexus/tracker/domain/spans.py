"""Times for which somebody may report."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct


class Span(Struct, frozen=True):
    """From an instant to another, both included; without end when ``until`` is None."""

    since: datetime
    until: datetime | None

    def covers(self, instant: datetime) -> bool:
        """Whether the instant lies in it."""
        return self.since <= instant and (self.until is None or instant <= self.until)


def covered(instant: datetime, spans: Iterable[Span] | None) -> bool:
    """Whether an instant lies in one of the spans; None stands for all times."""
    return spans is None or any(span.covers(instant) for span in spans)
