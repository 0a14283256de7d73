"""What `nexus_actors.runtime.trimmer.CheckpointStore` promises."""

import pytest

from bus import StreamName
from bus.position import START, Position
from nexus_actors.runtime.store import Fence
from tests.conformance.runtime.books import A, B, Books, empty

pytestmark = pytest.mark.anyio


async def test_who_has_registered_and_read_nothing_holds_a_stream_at_its_start(books: Books) -> None:
    assert await books.checkpoints.lowest([A, B]) == {A: START, B: START}


async def test_a_stream_that_nobody_reads_is_left_out(books: Books) -> None:
    assert await books.checkpoints.lowest([A, StreamName("{nobody-ms:0}:events")]) == {A: START}
    assert await books.checkpoints.lowest([]) == {}


async def test_the_lowest_reader_counts(books: Books) -> None:
    one = await books.own(0)
    two = await books.leases.acquire("w2", "two-ms", [0], 5)
    await books.commit(empty({0: Fence(one[0], 0)}, {A: Position(9, 9), B: Position(10, 0)}))
    assert await books.checkpoints.lowest([A, B]) == {A: START, B: START}
    await books.commit(empty({0: Fence(two[0], 0)}, {A: Position(10, 0), B: Position(9, 10)}), "two-ms")
    assert await books.checkpoints.lowest([A, B]) == {A: Position(9, 9), B: Position(9, 10)}


async def test_a_checkpoint_may_go_back(books: Books) -> None:
    for service in ("one-ms", "two-ms"):
        generation = (await books.leases.acquire("w1", service, [0], 5))[0]
        await books.commit(empty({0: Fence(generation, 0)}, {A: Position(9, 0)}), service)
        await books.commit(empty({0: Fence(generation, 0)}, {A: Position(4, 0)}), service)
    assert await books.checkpoints.lowest([A]) == {A: Position(4, 0)}


async def test_registering_again_does_not_set_a_checkpoint_back(books: Books) -> None:
    generation = (await books.own(0))[0]
    await books.commit(empty({0: Fence(generation, 0)}, {A: Position(9, 0)}))
    await books.leases.register("one-ms", 4, [A])
    resumed = await books.one.resume(0)
    assert resumed.checkpoints[A] == Position(9, 0)
