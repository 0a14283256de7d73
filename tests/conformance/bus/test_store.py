"""What `bus.store.StreamStore` promises."""

from collections.abc import Awaitable, Callable

import anyio
import pytest

from bus import Overloaded, PublishFailed, StreamGone, StreamName
from bus.position import START, Position
from bus.store import Append, StreamStore

pytestmark = pytest.mark.anyio

A, B = StreamName("{a:0}:events"), StreamName("{b:1}:events")


async def read_all(store: StreamStore, stream: StreamName = A) -> list[bytes]:
    return [entry.body for entry in await store.read({stream: START}, 1_000, 0)]


async def test_entries_come_in_the_order_of_their_appends(store: StreamStore) -> None:
    await store.append([Append(A, [b"1", b"2"]), Append(B, [b"x"])])
    await store.append([Append(A, [b"3"])])
    entries = await store.read({A: START, B: START}, 10, 0)
    assert [entry.body for entry in entries if entry.stream == A] == [b"1", b"2", b"3"]
    assert [entry.body for entry in entries if entry.stream == B] == [b"x"]
    positions = [entry.position for entry in entries if entry.stream == A]
    assert positions == sorted(set(positions))


async def test_reading_goes_on_behind_a_position_and_takes_nothing_away(store: StreamStore) -> None:
    await store.append([Append(A, [b"1", b"2", b"3"])])
    first = (await store.read({A: START}, 1, 0))[0]
    assert [entry.body for entry in await store.read({A: first.position}, 10, 0)] == [b"2", b"3"]
    assert [entry.body for entry in await store.read({A: first.position.before()}, 10, 0)] == [b"1", b"2", b"3"]


async def test_count_is_for_each_stream(store: StreamStore) -> None:
    await store.append([Append(A, [b"1", b"2", b"3"]), Append(B, [b"x", b"y", b"z"])])
    assert len(await store.read({A: START, B: START}, 2, 0)) == 4


async def test_a_waiting_read_wakes_when_an_entry_comes(store: StreamStore) -> None:
    got: list[bytes] = []

    async def wait() -> None:
        got.extend(entry.body for entry in await store.read({A: START, B: START}, 10, 5))

    with anyio.fail_after(4):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.sleep(0.05)
            await store.append([Append(B, [b"here"])])
    assert got == [b"here"]


async def test_a_read_without_entries_ends_when_its_time_is_over(store: StreamStore) -> None:
    with anyio.fail_after(3):
        assert await store.read({A: START}, 10, 0.05) == []


async def test_two_readers_both_see_everything(store: StreamStore) -> None:
    await store.append([Append(A, [b"1"])])
    assert await read_all(store) == await read_all(store) == [b"1"]


async def test_a_cancelled_read_loses_nothing_and_leaves_the_store_usable(store: StreamStore) -> None:
    for _ in range(3):
        with anyio.move_on_after(0.02):
            await store.read({A: START}, 10, 5)
    await store.append([Append(A, [b"1"])])
    assert await read_all(store) == [b"1"]


async def test_a_full_stream_takes_nothing_and_others_are_not_affected(store: StreamStore) -> None:
    await store.append([Append(A, [b"1", b"2"], limit=2)])
    outcomes = await store.append([Append(A, [b"3"], limit=2), Append(B, [b"x"], limit=2)])
    assert isinstance(outcomes[0], Overloaded)
    assert outcomes[1] is None
    assert await read_all(store) == [b"1", b"2"]
    assert await read_all(store, B) == [b"x"]


async def test_a_stream_takes_nothing_while_the_one_that_grows_by_it_is_full(store: StreamStore) -> None:
    events = StreamName("{a:0}:done")
    await store.append([Append(events, [b"x"] * 3)])
    outcomes = await store.append([Append(A, [b"1"], limit=3, downstream=events)])
    assert isinstance(outcomes[0], Overloaded)
    assert await store.append([Append(A, [b"1"], limit=4, downstream=events), Append(A, [b"2"])]) == [None, None]
    assert await read_all(store) == [b"1", b"2"]


async def test_last_is_the_highest_position_ever_given_out(store: StreamStore) -> None:
    assert await store.last([A]) == {A: START}
    await store.append([Append(A, [b"1", b"2"])])
    last = (await store.read({A: START}, 10, 0))[-1].position
    await store.trim({A: Position(last.ms + 1, 0)})
    assert await store.last([A, B]) == {A: last, B: START}
    await store.append([Append(A, [b"3"])])
    assert (await store.last([A]))[A] > last


async def test_trimming_removes_what_is_below_and_nothing_else(store: StreamStore) -> None:
    await store.append([Append(A, [b"%d" % n for n in range(250)])])
    entries = await store.read({A: START}, 1_000, 0)
    assert await store.trim({A: entries[101].position, B: entries[5].position}) == 101
    assert await read_all(store) == [b"%d" % n for n in range(101, 250)]
    assert await store.lengths([A, B]) == {A: 149, B: 0}
    assert await store.trim({A: START}) == 0


async def test_history_does_not_change_by_itself(store: StreamStore) -> None:
    assert await store.history() == await store.history()


async def test_an_append_under_another_history_is_refused(store: StreamStore) -> None:
    """Who did not notice a restart would publish what is new before what was lost."""
    [refused] = await store.append([Append(A, [b"1"], history="former")])
    assert isinstance(refused, PublishFailed)
    assert await store.append([Append(A, [b"2"], history=await store.history())]) == [None]
    assert await read_all(store) == [b"2"]


async def test_a_stream_that_has_vanished_is_made_anew_by_those_alone_who_have_heard_of_it(
    store: StreamStore, remove: Callable[[StreamName], Awaitable[None]]
) -> None:
    """Who publishes again what was lost does so before anything new."""
    history = await store.history()
    assert await store.append([Append(A, [b"1", b"2"], history=history), Append(B, [b"1"], history=history)]) == [None, None]
    await remove(A)
    gone, fine = await store.append([Append(A, [b"3", b"4"], history=history), Append(B, [b"2"], history=history)])
    assert (type(gone), fine) == (StreamGone, None)
    assert (await store.last([A]))[A] == START
    assert await store.append([Append(A, [b"1", b"2", b"3"], history=history)]) == [None]
    assert await read_all(store) == [b"1", b"2", b"3"]
    await remove(A)
    assert await store.append([Append(A, [b"4"])]) == [None], "who names no history has nothing to publish again"


async def test_bodies_may_be_anything(store: StreamStore) -> None:
    bodies = [b"", b"\r\n$5\r\n", bytes(range(256)), b"x" * 1_000_000]
    await store.append([Append(A, bodies)])
    assert await read_all(store) == bodies


async def test_concurrent_appends_are_all_there(store: StreamStore) -> None:
    async with anyio.create_task_group() as tasks:
        for n in range(50):
            tasks.start_soon(store.append, [Append(A, [b"%d" % n, b"%d" % n])])
    bodies = await read_all(store)
    assert sorted(bodies[::2]) == sorted(b"%d" % n for n in range(50))
    assert bodies[::2] == bodies[1::2]
