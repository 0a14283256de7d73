from datetime import UTC, datetime, timedelta
from uuid import UUID

from modules.infrastructure.auth.domain.refresh import IDLE_LIFE, Family
from modules.infrastructure.auth.domain.sessions import MAX_SESSIONS, to_end

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def family(renewed_at: datetime) -> Family:
    return Family(renewed_at=renewed_at, opened_at=min(renewed_at, NOW))


def test_while_there_is_room_none_ends() -> None:
    sessions = {UUID(int=number): family(NOW) for number in range(MAX_SESSIONS - 1)}
    assert to_end(sessions, NOW) == {}


def test_the_least_recently_renewed_makes_room() -> None:
    sessions = {UUID(int=number): family(NOW - number * MINUTE) for number in range(MAX_SESSIONS)}
    assert to_end(sessions, NOW) == {UUID(int=MAX_SESSIONS - 1): "evicted"}


def test_those_that_have_run_out_end_first() -> None:
    sessions = {UUID(int=number): family(NOW - number * MINUTE) for number in range(MAX_SESSIONS - 1)}
    sessions[UUID(int=99)] = family(NOW - IDLE_LIFE)
    assert to_end(sessions, NOW) == {UUID(int=99): "expired"}
