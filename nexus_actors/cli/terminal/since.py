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
        text: see `instant_since`; or ``start``.

    Raises:
        ValueError: it is none of these.
    """
    if text == "start":
        return START
    instant = instant_since(text, now, others=", or start")
    return Position(max(0, int(instant.timestamp() * 1_000)), 0).before()


def instant_since(text: str, now: datetime, others: str = "") -> datetime:
    """An instant, UTC.

    Args:
        text: ``90s``, ``10m``, ``2h``, ``7d`` (perhaps with ``ago``); or an instant of ISO 8601, which is UTC where it names no
            offset.
        others: what else could be given, for the message.

    Raises:
        ValueError: it is none of these.
    """
    try:
        instant = _instant(text.removesuffix(" ago"), now).astimezone(UTC)
        instant.timestamp()
    except (ValueError, OverflowError):
        known = f"Give 90s, 10m, 2h, 7d, an instant such as 2026-01-31T08:00Z{others}."
        raise ValueError(f"{text!r} is no time. {known}") from None
    return instant


def _instant(text: str, now: datetime) -> datetime:
    span = _SPAN.fullmatch(text)
    if span is not None:
        return now - timedelta(seconds=int(span[1]) * _UNITS[span[2]])
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
