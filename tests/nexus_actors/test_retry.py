"""When to try again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_actors.retry import Park, Retry, RetryPolicy


def test_waits_double_up_to_the_longest_and_then_the_message_is_parked() -> None:
    policy = RetryPolicy(max_attempts=6, base_s=1, max_s=5, jitter=0)
    assert [policy.wait_s(failures, 0.5) for failures in range(1, 7)] == [1, 2, 4, 5, 5, None]


@given(st.integers(1, 100), st.floats(0, 1, exclude_max=True))
def test_chance_shortens_a_wait_by_its_share_at_most(failures: int, chance: float) -> None:
    policy = RetryPolicy(max_attempts=1_000, base_s=0.5, max_s=60, jitter=0.25)
    longest = min(60, 0.5 * 2 ** (failures - 1))
    wait = policy.wait_s(failures, chance)
    assert wait is not None
    assert 0.75 * longest <= wait <= longest


def test_an_error_may_decide_for_itself() -> None:
    policy = RetryPolicy(max_attempts=3, base_s=1, jitter=0, never=(LookupError,))
    soon = Retry("cold", after_s=100)
    assert [policy.after(soon, failures, 0.5) for failures in (1, 2, 3)] == [100, 100, None]
    assert policy.after(Park("no iron"), 1, 0.5) is None
    assert policy.after(KeyError("kind of a LookupError"), 1, 0.5) is None
    assert [policy.after(ValueError(), failures, 0.5) for failures in (1, 2, 3)] == [1, 2, None]


def test_waits_stay_numbers_whatever_the_failures() -> None:
    assert RetryPolicy(max_attempts=10_000, jitter=0).wait_s(9_000, 0) == 30


@pytest.mark.parametrize(
    "options",
    [{"max_attempts": 0}, {"base_s": -1.0}, {"base_s": 31.0}, {"jitter": 1.5}, {"never": (1,)}, {"never": ValueError}],
    ids=str,
)
def test_a_policy_that_cannot_be_followed_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"cannot be followed|in a tuple"):
        RetryPolicy(**options)


@pytest.mark.parametrize("after_s", [-1, float("nan"), float("inf")])
def test_a_time_that_does_not_come_is_refused(after_s: float) -> None:
    with pytest.raises(ValueError, match="no time to wait"):
        Retry("never", after_s=after_s)
