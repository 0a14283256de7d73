"""How far a stream has been handled."""

from hypothesis import given
from hypothesis import strategies as st

from bus.position import START, Position
from nexus_actors.runtime.partition import Tracker


@given(st.lists(st.integers(1, 10_000), min_size=1, unique=True).map(sorted), st.data())
def test_a_checkpoint_never_passes_an_open_entry_and_ends_at_the_last(times: list[int], data: st.DataObject) -> None:
    tracker = Tracker(START)
    positions = [Position(ms, 0) for ms in times]
    for position in positions:
        tracker.begin(position)
    unfinished = set(positions)
    for position in data.draw(st.permutations(positions)):
        assert tracker.checkpoint([position]) == _expected(unfinished - {position}, positions)
        tracker.finish(position)
        unfinished.discard(position)
        assert tracker.checkpoint() == _expected(unfinished, positions)


def _expected(unfinished: set[Position], positions: list[Position]) -> Position:
    return min(unfinished).before() if unfinished else positions[-1]


def test_what_is_read_again_is_open_again() -> None:
    tracker = Tracker(START)
    tracker.begin(Position(5, 0))
    tracker.finish(Position(5, 0))
    tracker.begin(Position(3, 0))
    assert tracker.checkpoint() == Position(3, 0).before()
    tracker.finish(Position(3, 0))
    assert tracker.checkpoint() == Position(3, 0)


@given(st.integers(0, 1 << 48), st.integers(0, 1 << 40))
def test_positions_are_ordered_and_have_a_text(ms: int, seq: int) -> None:
    position = Position(ms, seq)
    assert Position.parse(str(position)) == position
    assert position.before() < position or position == START
    assert position.rewound(5) <= position
