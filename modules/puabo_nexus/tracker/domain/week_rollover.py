"""Receivers that lose 1024 weeks.

GPS tells the week in ten bits. A receiver whose maker has not foreseen the next time that they run over takes today for a day
19.6 years ago, or 39.2.

Source: IS-GPS-200, section 20.3.3.3.1.1 (transmission week number), and section 6.2.4 (GPS week).
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

WEEKS: Final = timedelta(weeks=1024)
_KEPT: Final = timedelta(days=90)
"""So long a device without signal may have kept what it sends."""
_AHEAD: Final = timedelta(days=1)
_CONFIRMATIONS: Final = 3


class Rollover(Struct, frozen=True):
    """What is known of a receiver that may lose weeks: how many fixes came so, each newer than the last, and the newest."""

    newest_at: datetime
    count: int

    @property
    def is_certain(self) -> bool:
        """Whether so many came that what comes so now is put right."""
        return self.count >= _CONFIRMATIONS


def meant(fix_at: datetime, now: datetime) -> datetime | None:
    """The instant that a receiver means which has lost weeks; None where nothing points to that."""
    lost = next((lost for lost in (WEEKS, 2 * WEEKS) if -_AHEAD <= now - fix_at - lost <= _KEPT), None)
    return fix_at + lost if lost is not None else None


def confirmed(fix_at: datetime, known: Rollover | None) -> Rollover:
    """One more fix came so. One that is sent again confirms nothing."""
    if known is None:
        return Rollover(fix_at, 1)
    return Rollover(fix_at, known.count + 1) if fix_at > known.newest_at else known
