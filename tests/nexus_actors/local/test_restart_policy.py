"""Starting again what ended by itself: at once, then slower, then no more."""

from hypothesis import given
from hypothesis import strategies as st

from nexus_actors.local.restart_policy import Restart, RestartPolicy

POLICY = RestartPolicy(limit=5, window_s=60, base_s=0.5, max_s=1.5, failed_s=20)


def test_waits_double_up_to_the_longest_and_then_it_gives_up() -> None:
    ends = [100.0, 101.0, 102.0, 103.0, 104.0]
    assert [POLICY.wait_s(ends[:count]) for count in range(1, 6)] == [0.0, 0.5, 1.0, 1.5, None]


def test_what_ended_long_ago_does_not_count() -> None:
    assert POLICY.wait_s([0.0, 1.0, 2.0, 3.0, 100.0]) == 0.0


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_it_gives_up_exactly_when_too_many_lie_in_the_window(instants: list[float]) -> None:
    ends = sorted(instants)
    recent = [end for end in ends if ends[-1] - end < POLICY.window_s]
    wait_s = POLICY.wait_s(ends)
    assert (wait_s is None) == (len(recent) >= POLICY.limit)
    assert wait_s is None or 0 <= wait_s <= POLICY.max_s


def test_what_is_never_given_up_is_tried_now_and_then_once_it_has_ended_too_often() -> None:
    waits = [POLICY.restart([0.0] * count) for count in range(1, 8)]
    assert waits[:4] == [Restart(wait_s, failed=False) for wait_s in (0.0, 0.5, 1.0, 1.5)]
    assert waits[4:] == [Restart(20, failed=True)] * 3


def test_a_good_run_makes_up_for_all_before_it() -> None:
    assert POLICY.restart([1.0] * 10 + [60.0]) == Restart(0.0, failed=False)
    assert POLICY.restart([1.0] * 10 + [60.0, 3.0, 3.0]) == Restart(0.5, failed=False)
