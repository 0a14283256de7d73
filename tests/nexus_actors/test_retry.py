"""When to try again."""

from hypothesis import given
from hypothesis import strategies as st

from nexus_actors.retry import RetryPolicy


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
