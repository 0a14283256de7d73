"""Since when: as people say it."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.position import START, Position
from nexus_actors.cli.terminal.since import position_since

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


def ms_of(instant: datetime) -> int:
    return int(instant.timestamp() * 1_000)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("10m", NOW - timedelta(minutes=10)),
        ("2h", NOW - timedelta(hours=2)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-03-02T06:30:00Z", NOW - timedelta(minutes=30)),
        ("2026-03-02T07:30+01:00", NOW - timedelta(minutes=30)),
        ("2026-03-02 06:30", NOW - timedelta(minutes=30)),
    ],
)
def test_times_are_read(text: str, instant: datetime) -> None:
    position = position_since(text, NOW)
    assert position < Position(ms_of(instant), 0)
    assert position >= Position(ms_of(instant) - 1, 0)


def test_the_start_is_the_start() -> None:
    assert position_since("start", NOW) == START


@pytest.mark.parametrize("text", ["", "yesterday", "10", "-5m", "5 m", "1e3s", "999999999d", "2026-13-01", "10m "])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        position_since(text, NOW)


@given(st.text(max_size=20))
def test_nonsense_is_refused_or_read_and_never_breaks(text: str) -> None:
    with suppress(ValueError):
        assert position_since(text, NOW) >= START
