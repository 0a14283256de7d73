"""Since when: as people say it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from bus.position import START, Position

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SPAN: Final = re.compile(r"(\d{1,9})([smhd])")


def position_since(text: str, now: datetime) -> Position:
    """The position in a stream behind which everything since then stands.

    Args:
        text: ``90s``, ``10m``, ``2h``, ``7d``; an instant of ISO 8601, which is UTC where it names no offset; or ``start``.

    Raises:
        ValueError: it is none of these.
    """
    if text == "start":
        return START
    try:
        instant = _instant(text, now)
        ms = max(0, int(instant.timestamp() * 1_000))
    except (ValueError, OverflowError):
        known = "Give 90s, 10m, 2h, 7d, an instant such as 2026-01-31T08:00Z, or start."
        raise ValueError(f"{text!r} is no time. {known}") from None
    return Position(ms, 0).before()


def _instant(text: str, now: datetime) -> datetime:
    span = _SPAN.fullmatch(text)
    if span is not None:
        return now - timedelta(seconds=int(span[1]) * _UNITS[span[2]])
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
