"""What `nexus_actors.runtime.store.TurnStore` promises."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from bus import new_id
from bus.position import START, Position
from nexus_actors.context import TimerSet
from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.runtime.store import (
    Commit,
    DueTimers,
    Fence,
    InboxRow,
    Known,
    LeaseLost,
    OutboxRow,
    ParkedRow,
    Resumed,
    StateRow,
    Timer,
    TimerGone,
)
from tests.conformance.runtime.books import LEASE_S, TENANT, A, B, Books, empty, mine

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def fenced(books: Books, *partitions: int, published_seq: int = 0) -> Commit:
    """A commit of nothing under the current generations."""
    generations = await books.own(*partitions or (0,))
    return empty({number: Fence(generation, published_seq) for number, generation in generations.items()})


def again(commit: Commit) -> Commit:
    """Another commit under the same fences."""
    return empty(dict(commit.fences))


def out(seq: int, partition: int = 0) -> OutboxRow:
    return OutboxRow(partition, seq, B, new_id(), b"%d" % seq)


def timer(name: str, due_at: datetime = NOON, key: str = "k") -> TimerSet:
    return TimerSet(TENANT, key, name, due_at, new_id(), name.encode())


def letter(key: str = "k", partition: int = 0, *, behind: bool = False, message_id: UUID | None = None) -> ParkedRow:
    return ParkedRow(
        message_id or new_id(), partition, TENANT if key else "", key, "nexus.one-ms.x.v1", A, b"body", behind, "cause", 3
    )


def without(name: str, message_id: UUID | None = None, key: str = "k") -> TimerGone:
    return TimerGone(TENANT, key, name, message_id)


async def due_names(books: Books, limit: int = 10) -> list[str]:
    return [found.name for found in (await books.one.due_timers(0, NOON, limit)).timers]


async def test_a_new_partition_resumes_at_the_start(books: Books) -> None:
    assert await books.one.resume(0) == Resumed({A: START, B: START}, 0, 0, set(), set(), None)


async def test_everything_of_a_commit_is_there_after_it(books: Books) -> None:
    commit = await fenced(books, 0, 1, published_seq=4)
    handled, asked = InboxRow(new_id(), None, None), InboxRow(new_id(), "print", b"answer")
    commit.inbox += [handled, asked]
    commit.checkpoints |= {A: Position(7, 1)}
    commit.states += [StateRow("Actor", TENANT, "k", b'{"n":1}'), StateRow("Other", TENANT, "k", b"{}")]
    commit.outbox += [out(5), out(6), out(5, partition=1)]
    commit.timers += [(0, timer("late", NOON + timedelta(hours=1))), (0, timer("soon"))]
    commit.parked += [letter("bad")]
    await books.commit(commit)

    unknown = new_id()
    known = await books.one.known([handled.message_id, asked.message_id, unknown])
    assert known == {handled.message_id: Known(None, None), asked.message_id: Known("print", b"answer")}
    states = await books.one.states([("Actor", TENANT, "k"), ("Other", TENANT, "k"), ("Actor", TENANT, "absent")])
    assert states == {("Actor", TENANT, "k"): b'{"n":1}', ("Other", TENANT, "k"): b"{}"}
    resumed = await books.one.resume(0)
    assert resumed == Resumed({A: Position(7, 1), B: START}, 4, 6, {mine("bad")}, set(), NOON)
    assert await books.one.outbox_after(1, 0, 10) == [commit.outbox[2]]


async def test_services_do_not_see_each_other(books: Books) -> None:
    commit = await fenced(books)
    commit.inbox.append(InboxRow(new_id(), None, None))
    commit.states.append(StateRow("Actor", TENANT, "k", b"{}"))
    commit.outbox.append(out(1))
    commit.timers.append((0, timer("soon")))
    commit.parked.append(letter())
    commit.checkpoints[A] = Position(1, 0)
    await books.commit(commit)
    two = books.turns["two-ms"]
    assert await two.known([commit.inbox[0].message_id]) == {}
    assert await two.states([("Actor", TENANT, "k")]) == {}
    assert await two.resume(0) == Resumed({A: START, B: START}, 0, 0, set(), set(), None)
    assert await two.parked(0, mine("k")) == []


async def test_asking_for_nothing_gives_nothing(books: Books) -> None:
    assert await books.one.known([]) == {}
    assert await books.one.states([]) == {}


async def test_what_is_not_committed_is_not_there(books: Books) -> None:
    commit = await fenced(books)
    async with books.one.transaction():
        commit.inbox.append(InboxRow(new_id(), None, None))
    assert await books.one.known([commit.inbox[0].message_id]) == {}


@pytest.mark.parametrize("rare", [False, True])
async def test_a_commit_under_an_old_generation_changes_nothing(books: Books, rare: bool) -> None:
    stale = await fenced(books, 0, 1, published_seq=2)
    await books.leases.release("w1", "one-ms", [1])
    await books.own(1, worker="w2")
    stale.inbox.append(InboxRow(new_id(), None, None))
    stale.states.append(StateRow("Actor", TENANT, "k", b"{}"))
    stale.outbox.append(out(3))
    stale.checkpoints[A] = Position(9, 0)
    if rare:
        stale.timers.append((0, timer("soon")))
        stale.parked.append(letter())
    with pytest.raises(LeaseLost, match="another owner"):
        await books.commit(stale)
    assert await books.one.known([stale.inbox[0].message_id]) == {}
    assert await books.one.states([("Actor", TENANT, "k")]) == {}
    assert await books.one.resume(0) == Resumed({A: START, B: START}, 0, 0, set(), set(), None)


async def test_an_expired_lease_that_nobody_took_still_holds(books: Books) -> None:
    commit = await fenced(books)
    await books.wait(LEASE_S + 0.1)
    commit.states.append(StateRow("Actor", TENANT, "k", b"1"))
    await books.commit(commit)
    assert await books.one.states([("Actor", TENANT, "k")]) == {("Actor", TENANT, "k"): b"1"}


@pytest.mark.parametrize("rare", [False, True])
async def test_a_message_is_handled_once(books: Books, rare: bool) -> None:
    commit = await fenced(books)
    commit.inbox.append(InboxRow(new_id(), None, b"first"))
    await books.commit(commit)
    repeat = again(commit)
    repeat.inbox += [InboxRow(new_id(), None, None), InboxRow(commit.inbox[0].message_id, None, b"second")]
    repeat.states.append(StateRow("Actor", TENANT, "k", b"{}"))
    if rare:
        repeat.timers.append((0, timer("soon")))
    with pytest.raises(Exception, match="inbox") as raised:
        await books.commit(repeat)
    assert not isinstance(raised.value, LeaseLost | DatabaseUnavailable), "it is the message's fault, not the store's"
    ids = [row.message_id for row in repeat.inbox]
    assert await books.one.known(ids) == {ids[1]: Known(None, b"first")}
    assert await books.one.states([("Actor", TENANT, "k")]) == {}
    assert (await books.one.resume(0)).next_timer_at is None


async def test_a_state_is_replaced(books: Books) -> None:
    commit = await fenced(books)
    for body in (b"1", b"2"):
        commit.states = [StateRow("Actor", TENANT, "k", body)]
        await books.commit(commit)
    assert await books.one.states([("Actor", TENANT, "k")]) == {("Actor", TENANT, "k"): b"2"}


async def test_a_commit_that_writes_one_state_twice_is_refused(books: Books) -> None:
    commit = await fenced(books)
    commit.states += [StateRow("Actor", TENANT, "k", b"1"), StateRow("Actor", TENANT, "k", b"2")]
    with pytest.raises(Exception, match=r"twice|second time"):
        await books.commit(commit)
    assert await books.one.states([("Actor", TENANT, "k")]) == {}


async def test_the_outbox_comes_in_order_behind_a_number_and_up_to_a_limit(books: Books) -> None:
    commit = await fenced(books, 0, 1)
    commit.outbox += [out(2), out(1), out(4), out(3), out(9, partition=1)]
    await books.commit(commit)
    assert [row.seq for row in await books.one.outbox_after(0, 0, 10)] == [1, 2, 3, 4]
    assert [row.seq for row in await books.one.outbox_after(0, 1, 2)] == [2, 3]
    assert await books.one.outbox_after(0, 4, 10) == []


async def test_numbers_of_the_outbox_go_on_above_the_published_mark(books: Books) -> None:
    await books.commit(await fenced(books, published_seq=12))
    resumed = await books.one.resume(0)
    assert (resumed.published_seq, resumed.last_seq) == (12, 12)


async def test_the_marks_of_a_partition_are_kept_with_every_commit_and_may_go_back(books: Books) -> None:
    commit = await fenced(books, 0, 1)
    for fence in (Fence(1, 12, 7, "history-1"), Fence(1, 7, 7, "history-2")):
        commit.fences[0] = fence
        await books.commit(commit)
        resumed = await books.one.resume(0)
        assert (resumed.published_seq, resumed.safe_seq, resumed.history) == fence[1:]
    other = await books.one.resume(1)
    assert (other.published_seq, other.safe_seq, other.history) == (0, 0, "")


async def test_a_state_that_is_dropped_is_gone_and_no_other(books: Books) -> None:
    commit = await fenced(books, 0, 1)
    commit.states += [StateRow(actor, TENANT, key, b"{}") for actor in ("A", "B") for key in ("k", "l")]
    await books.commit(commit)
    gone = await fenced(books, 0, 1)
    gone.states_gone += [("A", TENANT, "k"), ("B", TENANT, "l"), ("C", TENANT, "k")]
    await books.commit(gone)
    everything = [(actor, TENANT, key) for actor in ("A", "B") for key in ("k", "l")]
    assert set(await books.one.states(everything)) == {("A", TENANT, "l"), ("B", TENANT, "k")}


async def test_due_timers_come_earliest_first_up_to_a_limit(books: Books) -> None:
    commit = await fenced(books, 0, 1)
    late, soon, later = timer("a", NOON, "m"), timer("z", NOON - timedelta(hours=1)), timer("b", NOON + timedelta(seconds=1))
    commit.timers += [(0, late), (0, soon), (0, later), (1, timer("c", NOON - timedelta(days=1)))]
    await books.commit(commit)
    due = await books.one.due_timers(0, NOON, 10)
    timers = [Timer(TENANT, "k", "z", soon.due_at, b"z", soon.message_id), Timer(TENANT, "m", "a", NOON, b"a", late.message_id)]
    assert due == DueTimers(timers, None, left=False)
    assert await due_names(books, limit=1) == ["z"]
    assert await books.one.next_timer_at(0, NOON) == later.due_at
    assert await books.one.next_timer_at(0, later.due_at) is None
    assert (await books.one.resume(0)).next_timer_at == soon.due_at


async def test_a_timer_set_again_is_replaced(books: Books) -> None:
    commit = await fenced(books)
    commit.timers += [(0, timer("t")), (0, timer("t", NOON + timedelta(seconds=1)))]
    await books.commit(commit)
    assert [found.due_at for found in (await books.one.due_timers(0, NOON + timedelta(days=1), 10)).timers] == [
        commit.timers[1][1].due_at
    ]
    commit.timers, commit.timers_gone = [(0, timer("t", NOON + timedelta(seconds=2)))], [without("t")]
    await books.commit(commit)
    assert [found.due_at for found in (await books.one.due_timers(0, NOON + timedelta(days=1), 10)).timers] == [
        commit.timers[0][1].due_at
    ]


async def test_a_timer_is_removed_by_name_or_by_the_id_of_its_message(books: Books) -> None:
    commit = await fenced(books)
    first, second, third = timer("first"), timer("second"), timer("third")
    commit.timers += [(0, first), (0, second), (0, third)]
    await books.commit(commit)
    gone = again(commit)
    gone.timers_gone += [without("first"), without("second", second.message_id)]
    gone.timers_gone += [
        without("third", new_id()),
        without("third", key="other"),
        without("absent"),
    ]
    await books.commit(gone)
    assert await due_names(books) == ["third"]


async def test_a_timer_that_fired_goes_and_its_successor_stays(books: Books) -> None:
    commit = await fenced(books)
    fired, anew = timer("t"), timer("t", NOON + timedelta(hours=1))
    commit.timers.append((0, fired))
    await books.commit(commit)
    turn = again(commit)
    turn.timers_gone += [without("t"), without("t", fired.message_id)]
    turn.timers.append((0, anew))
    await books.commit(turn)
    assert (await books.one.resume(0)).next_timer_at == anew.due_at


async def test_dead_letters_come_in_the_order_of_parking(books: Books) -> None:
    commit = await fenced(books, 0, 1)
    first, second, third = letter(), letter(behind=True), letter(behind=True)
    commit.parked += [first, letter("other"), second, letter(partition=1)]
    await books.commit(commit)
    commit.parked = [third]
    await books.commit(commit)
    assert await books.one.parked(0, mine("k")) == [first, second, third]
    assert await books.one.parked(0, mine("absent")) == []
    assert (await books.one.resume(0)).parked_keys == {mine("k"), mine("other")}


async def test_of_a_keys_letters_some_are_read_alone(books: Books) -> None:
    commit = await fenced(books)
    first, second, third = letter(""), letter(""), letter("other")
    commit.parked += [first, second, third]
    await books.commit(commit)
    assert await books.one.parked(0, mine("", ""), [second.message_id, third.message_id, new_id()]) == [second]
    assert await books.one.parked(0, mine("", ""), []) == []


async def test_an_entry_without_a_key_holds_none_back(books: Books) -> None:
    commit = await fenced(books)
    commit.parked.append(letter(""))
    await books.commit(commit)
    resumed = await books.one.resume(0)
    assert (resumed.parked_keys, resumed.released_keys) == (set(), set())


async def test_a_message_lies_in_the_dead_letters_once(books: Books) -> None:
    commit = await fenced(books)
    first = letter()
    commit.parked += [first, first]
    await books.commit(commit)
    commit.parked = [first._replace(error="another", behind=True)]
    await books.commit(commit)
    assert await books.one.parked(0, mine("k")) == [first]


async def test_a_released_key_is_released_until_its_letters_are_gone(books: Books) -> None:
    commit = await fenced(books, 0, 1)
    first, second = letter(), letter(behind=True)
    commit.parked += [first, second, letter("other"), letter(partition=1)]
    await books.commit(commit)
    release = again(commit)
    release.released.append((0, mine("k")))
    await books.commit(release)
    resumed = await books.one.resume(0)
    assert (resumed.parked_keys, resumed.released_keys) == ({mine("other")}, {mine("k")})
    assert (await books.one.resume(1)).parked_keys == {mine("k")}
    assert await books.one.parked(0, mine("k")) == [first, second]
    handled = again(commit)
    handled.unparked += [first.message_id, second.message_id]
    await books.commit(handled)
    assert (await books.one.resume(0)).released_keys == set()
    assert await books.one.parked(0, mine("k")) == []


async def test_a_letter_that_fails_again_is_parked_anew_behind_none(books: Books) -> None:
    commit = await fenced(books)
    first, second = letter(), letter(behind=True)
    commit.parked += [first, second]
    await books.commit(commit)
    release = again(commit)
    release.released.append((0, mine("k")))
    await books.commit(release)
    anew = again(commit)
    anew.parked += [first._replace(attempts=6), second]
    await books.commit(anew)
    assert await books.one.parked(0, mine("k")) == [first._replace(attempts=6), second]
    resumed = await books.one.resume(0)
    assert (resumed.parked_keys, resumed.released_keys) == ({mine("k")}, set())


async def test_letters_that_were_released_with_one_that_fails_again_wait_behind_it_in_their_places(books: Books) -> None:
    commit = await fenced(books)
    first, second, other = letter(), letter(behind=True), letter("other")
    commit.parked += [first, second, other]
    await books.commit(commit)
    release = again(commit)
    release.released += [(0, mine("k")), (0, mine("other"))]
    await books.commit(release)
    failed, late = first._replace(error="once more", attempts=9), letter(behind=True)
    anew = again(commit)
    anew.parked += [failed, late]
    await books.commit(anew)
    assert await books.one.parked(0, mine("k")) == [failed, second, late]
    resumed = await books.one.resume(0)
    assert (resumed.parked_keys, resumed.released_keys) == ({mine("k")}, {mine("other")})
    headed = again(commit)
    headed.parked.append(second._replace(behind=False, error="now this one"))
    await books.commit(headed)
    assert await books.one.parked(0, mine("k")) == [failed, second._replace(behind=False, error="now this one"), late]


async def test_the_streams_of_an_outbox_since_an_instant_and_what_came_before_it(books: Books) -> None:
    commit = await fenced(books, 0, 1)
    commit.outbox += [out(1), out(2), out(9, partition=1), OutboxRow(0, 3, A, new_id(), b"3")]
    await books.commit(commit)
    long_ago, some_day = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
    before, streams = await books.one.outbox_streams(0, long_ago, 3)
    assert (before, sorted(streams)) == (0, sorted([A, B]))
    assert await books.one.outbox_streams(0, long_ago, 2) == (0, [B])
    assert await books.one.outbox_streams(0, some_day, 3) == (3, [])
    assert await books.one.outbox_streams(7, long_ago, 3) == (0, [])


async def test_what_is_dropped_goes_and_what_stays_is_released_in_one_commit(books: Books) -> None:
    commit = await fenced(books)
    first, second = letter(), letter(behind=True)
    commit.parked += [first, second]
    await books.commit(commit)
    release = again(commit)
    release.unparked.append(first.message_id)
    release.released.append((0, mine("k")))
    await books.commit(release)
    assert await books.one.parked(0, mine("k")) == [second]
    assert (await books.one.resume(0)).released_keys == {mine("k")}
