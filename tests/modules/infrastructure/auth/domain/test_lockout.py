from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from modules.infrastructure.auth.domain.lockout import (
    FAMILIAR_PLACES,
    FIRST_LOCK,
    FORGET_AFTER,
    FREE_FAILURES,
    LONGEST_LOCK,
    Lockout,
    after_failure,
    after_success,
    failures_at,
    locked_until,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOME, OFFICE, ELSEWHERE, FAR = "10.0.0.0/24", "10.0.1.0/24", "203.0.113.0/24", "198.51.100.0/24"


def fail(lockout: Lockout, place: str, times: int, now: datetime = NOW) -> tuple[Lockout, datetime]:
    """Fail so often, waiting out each lock."""
    for _ in range(times):
        now = locked_until(lockout, place, now) or now
        lockout = after_failure(lockout, place, now)
    return lockout, now


def test_the_first_failures_are_free_and_then_each_lock_is_twice_as_long() -> None:
    lockout, now = fail(Lockout(), ELSEWHERE, FREE_FAILURES - 1)
    assert locked_until(lockout, ELSEWHERE, now) is None
    locks = []
    for _ in range(8):
        lockout, now = fail(lockout, ELSEWHERE, 1, now)
        until = locked_until(lockout, ELSEWHERE, now)
        assert until is not None
        locks.append(until - now)
    assert locks[:4] == [FIRST_LOCK, FIRST_LOCK * 2, FIRST_LOCK * 4, FIRST_LOCK * 8]
    assert locks[-1] == LONGEST_LOCK


def test_attempts_during_a_lock_do_not_prolong_it() -> None:
    lockout, now = fail(Lockout(), ELSEWHERE, FREE_FAILURES)
    for _ in range(100):
        assert after_failure(lockout, ELSEWHERE, now) == lockout


@given(st.lists(st.tuples(st.sampled_from([ELSEWHERE, FAR]), st.integers(0, 3600)), max_size=60))
def test_nobody_elsewhere_can_lock_a_familiar_place(attempts: list[tuple[str, int]]) -> None:
    lockout, now = after_success(Lockout(), HOME), NOW
    for place, wait_s in attempts:
        now += timedelta(seconds=wait_s)
        lockout = after_failure(lockout, place, now)
        assert locked_until(lockout, HOME, now) is None
        until = locked_until(lockout, place, now)
        assert until is None or until - now <= LONGEST_LOCK


def test_unfamiliar_places_count_together() -> None:
    lockout = after_success(Lockout(), HOME)
    for number in range(FREE_FAILURES):
        lockout = after_failure(lockout, f"203.0.{number}.0/24", NOW)
    assert locked_until(lockout, FAR, NOW) is not None


def test_a_familiar_place_can_lock_itself_only() -> None:
    lockout = after_success(after_success(Lockout(), HOME), OFFICE)
    lockout, now = fail(lockout, HOME, FREE_FAILURES)
    assert locked_until(lockout, HOME, now) is not None
    assert locked_until(lockout, OFFICE, now) is None
    assert locked_until(lockout, FAR, now) is None


def test_a_login_forgets_the_failures_of_its_place() -> None:
    lockout, _ = fail(after_success(Lockout(), HOME), HOME, FREE_FAILURES - 1)
    assert failures_at(after_success(lockout, HOME), HOME) == 0


def test_a_login_from_a_new_place_does_not_free_the_others() -> None:
    lockout, now = fail(Lockout(), ELSEWHERE, FREE_FAILURES)
    lockout = after_success(lockout, HOME)
    assert locked_until(lockout, ELSEWHERE, now) is not None


def test_old_failures_are_forgotten() -> None:
    lockout, now = fail(Lockout(), ELSEWHERE, FREE_FAILURES + 3)
    lockout = after_failure(lockout, ELSEWHERE, now + FORGET_AFTER + timedelta(seconds=1))
    assert failures_at(lockout, ELSEWHERE) == 1


def test_only_so_many_places_are_remembered() -> None:
    lockout = Lockout()
    for number in range(FAMILIAR_PLACES + 3):
        lockout = after_success(lockout, f"10.0.{number}.0/24")
    assert list(lockout.familiar) == [f"10.0.{number}.0/24" for number in range(3, FAMILIAR_PLACES + 3)]
