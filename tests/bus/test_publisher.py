"""Publishing where some of it goes wrong, and where who publishes goes away."""

from collections.abc import Sequence

import anyio
import pytest

from bus import PublishFailed, StreamName
from bus.memory import MemoryStreamStore
from bus.position import START
from bus.publisher import Outgoing, Publisher
from bus.store import Append

pytestmark = pytest.mark.anyio

A, B = StreamName("{a:0}:events"), StreamName("{b:0}:events")


class Slow(MemoryStreamStore):
    """Takes its time, refuses one stream, and breaks when it is told to."""

    def __init__(self) -> None:
        super().__init__(lambda: 1)
        self.refused: StreamName | None = None
        self.breaks = False

    async def append(self, appends: Sequence[Append]) -> list[Exception | None]:
        await anyio.sleep(0.05)
        if self.breaks:
            raise RuntimeError("nobody expected this")
        taken = [append for append in appends if append.stream != self.refused]
        await super().append(taken)
        return [None if append in taken else PublishFailed("refused") for append in appends]

    async def bodies(self, stream: StreamName) -> list[bytes]:
        return [entry.body for entry in await self.read({stream: START}, 100, 0)]


async def test_what_one_stream_refuses_is_told_apart_from_what_the_others_took() -> None:
    store = Slow()
    store.refused = B
    failures = await Publisher(store).send([Outgoing(A, b"1"), Outgoing(B, b"2"), Outgoing(A, b"3")])
    assert list(failures) == [B]
    assert await store.bodies(A) == [b"1", b"3"]
    with pytest.raises(PublishFailed, match="refused"):
        await Publisher(store).publish([Outgoing(A, b"4"), Outgoing(B, b"5")])


async def test_who_goes_away_leaves_nothing_behind_that_would_be_published_much_later() -> None:
    store = Slow()
    publisher = Publisher(store)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(publisher.publish, [Outgoing(A, b"1")])
        await anyio.sleep(0.01)
        tasks.start_soon(publisher.publish, [Outgoing(A, b"2")])
        await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
    assert await store.bodies(A) == [b"1", b"2"]
    await publisher.publish([Outgoing(A, b"3")])
    assert await store.bodies(A) == [b"1", b"2", b"3"]


async def test_a_store_that_breaks_fails_those_who_publish_and_the_next_ones_go_through() -> None:
    store = Slow()
    publisher = Publisher(store)
    failed: list[Exception] = []

    async def publish(body: bytes) -> None:
        try:
            await publisher.publish([Outgoing(A, body)])
        except (PublishFailed, RuntimeError) as error:
            failed.append(error)

    store.breaks = True
    async with anyio.create_task_group() as tasks:
        for n in range(3):
            tasks.start_soon(publish, b"%d" % n)
    store.breaks = False
    assert len(failed) == 3
    await publish(b"here")
    assert await store.bodies(A) == [b"here"]
