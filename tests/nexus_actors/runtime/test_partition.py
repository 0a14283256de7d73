"""How far a stream has been handled, and an outbox been published."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from bus import StreamName
from bus.position import START, Position
from nexus_actors.identity import Identity
from nexus_actors.runtime.partition import Partition, Tracker
from nexus_actors.runtime.store import OutboxRow, Resumed


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


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
RESUMED = Resumed({}, 0, 0, set(), set(), None, history="one")


def publish(partition: Partition, seq: int, at_s: float) -> None:
    partition.queue([OutboxRow(0, seq, StreamName("{walk-ms:0}:events"), UUID(int=seq), b"")])
    partition.published(NOON + timedelta(seconds=at_s))


def test_what_was_published_is_safe_once_the_history_was_seen_unchanged_long_enough_after() -> None:
    partition = Partition(0, 1, RESUMED, ())
    publish(partition, 1, at_s=0)
    partition.see_history("one", NOON + timedelta(seconds=6))
    publish(partition, 2, at_s=6)
    assert partition.safe_seq <= 1
    partition.see_history("one", NOON + timedelta(seconds=12))
    publish(partition, 3, at_s=12)
    assert partition.safe_seq >= 1
    partition.see_history("two", NOON + timedelta(seconds=13))
    assert partition.published_seq == partition.safe_seq < 3


def test_confirmations_alone_make_nothing_safe() -> None:
    """They may come from one server of a cluster while the one that confirmed before is dead and not yet replaced."""
    partition = Partition(0, 1, RESUMED, ())
    partition.see_history("one", NOON)
    for seq in range(1, 30):
        publish(partition, seq, at_s=float(seq))
    assert partition.safe_seq == 0
    partition.see_history("two", NOON + timedelta(seconds=30))
    assert partition.published_seq == 0


def test_what_was_published_last_is_safe_once_the_streams_have_kept_it_for_a_while() -> None:
    partition = Partition(0, 1, RESUMED, ())
    partition.see_history("one", NOON)
    for seq in range(1, 4):
        publish(partition, seq, at_s=float(seq))
    partition.see_history("one", NOON + timedelta(seconds=7.9))
    assert (partition.published_seq, partition.safe_seq) == (3, 0)
    partition.see_history("one", NOON + timedelta(seconds=8))
    assert (partition.published_seq, partition.safe_seq) == (3, 3)
    publish(partition, 4, at_s=9)
    partition.see_history("two", NOON + timedelta(seconds=60))
    assert (partition.published_seq, partition.safe_seq, partition.catch_up()) == (3, 3, True)


def test_what_a_stream_refused_is_not_published_nor_is_anything_behind_it() -> None:
    partition = Partition(0, 1, RESUMED, ())
    open_one, refused = StreamName("{walk-ms:1}:events"), StreamName("{walk-ms:0}:events")
    for seq, stream in enumerate([open_one, refused, open_one], start=1):
        partition.queue([OutboxRow(0, seq, stream, UUID(int=seq), b"")])
    partition.published(NOON, {refused})
    assert (partition.published_seq, [row.seq for row in partition.unpublished]) == (1, [2])
    partition.published(NOON)
    assert (partition.published_seq, len(partition.unpublished)) == (3, 0)


def test_keys_that_were_held_first_are_due_first_and_so_many_at_a_time() -> None:
    partition = Partition(0, 1, RESUMED, ())
    for key in ("a", "b", "later", "c"):
        partition.hold(Identity("main", key), NOON, timedelta(seconds=9 if key == "later" else 1), ())
    now = NOON + timedelta(seconds=1)
    assert partition.due(NOON, 2) == []
    assert [identity.key for identity in partition.held] == ["a", "b", "later", "c"]
    partition.due(now, 2)
    assert [identity.key for identity in partition.held] == ["later", "c"]
    wake_at = partition.next_wake_at(now)
    assert wake_at is not None
    assert wake_at <= now, "the others are not left to wait"
    partition.hold(Identity("main", "a"), now, timedelta(), ())
    partition.due(now, 1)
    assert [identity.key for identity in partition.held] == ["later", "a"]
