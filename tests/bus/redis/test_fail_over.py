"""A master is killed while messages flow: what goes on, how soon, and what may be lost."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence

import anyio
import pytest

from bus import BusUnavailable, PublishFailed, StreamName, Topic
from bus.position import START
from bus.publisher import Outgoing, Publisher
from bus.reader import PartitionReader
from bus.redis import RedisSettings, connect
from bus.store import Append, StreamStore
from tests.redis_servers.cluster import RedisCluster
from tests.redis_servers.process import RedisProcess
from tests.redis_servers.sentinels import SentinelSet

pytestmark = pytest.mark.anyio

WALK = Topic("walk-ms", partitions=8)
STREAMS = WALK.streams("events")
# Far more than it takes: a vote that fails, as on a busy machine, is held again after four seconds. It is here to end a hang.
BACK_WITHIN_S = 45.0
# A master that is killed has not sent to its replica what it confirmed in its last moments.
REPLICATION_LAG_S = 1.0

Servers = RedisCluster | SentinelSet


@pytest.fixture
async def store(servers: Servers) -> AsyncIterator[StreamStore]:
    async with connect(RedisSettings(url=servers.url)) as opened:
        yield opened


class Writer:
    """Publishes to one stream without rest. Every attempt has a body of its own, so that a silent repeat would show."""

    def __init__(self, publisher: Publisher, stream: StreamName) -> None:
        self._publisher = publisher
        self.stream = stream
        self.attempts = 0
        self.confirmed: dict[bytes, float] = {}

    async def run(self) -> None:
        while True:
            body = f"{self.stream}#{self.attempts}".encode()
            self.attempts += 1
            try:
                await self._publisher.publish([Outgoing(self.stream, body)])
            except PublishFailed:
                await anyio.sleep(0.1)
            else:
                self.confirmed[body] = anyio.current_time()
                await anyio.sleep(0.005)

    def confirmed_after(self, instant: float) -> bool:
        return any(at > instant for at in self.confirmed.values())


class Watcher:
    """Reads as a service does: it looks again after a fault, and goes back where the history has changed."""

    def __init__(self, store: StreamStore, streams: Sequence[StreamName]) -> None:
        self._reader = PartitionReader(store, count=256, block_s=0.5)
        self.streams = streams
        self.seen: set[bytes] = set()
        self.histories: list[str] = []
        for stream in streams:
            self._reader.assign(stream, START)

    async def run(self) -> None:
        while True:
            try:
                history = await self._reader.connect()
                if history not in self.histories:
                    if self.histories:
                        await self._reader.rewind(self.streams)
                    self.histories.append(history)
                self.seen.update(entry.body for entry in await self._reader.read())
            except BusUnavailable:
                await anyio.sleep(0.2)


async def contents(store: StreamStore) -> Counter[bytes]:
    """What is in the streams. Sentinels know of no master for a moment, on a busy machine also some time after a fail-over."""
    with anyio.fail_after(BACK_WITHIN_S):
        while True:
            try:
                return Counter(entry.body for entry in await store.read(dict.fromkeys(STREAMS, START), 1_000_000, 0))
            except BusUnavailable:
                await anyio.sleep(0.1)


async def until_confirmed(writers: Sequence[Writer], after: float) -> None:
    with anyio.fail_after(BACK_WITHIN_S):
        while not all(writer.confirmed_after(after) for writer in writers):  # noqa: ASYNC110 - nobody tells
            await anyio.sleep(0.05)


async def until_seen(watcher: Watcher, store: StreamStore) -> None:
    with anyio.fail_after(BACK_WITHIN_S):
        while not watcher.seen.issuperset(await contents(store)):  # noqa: ASYNC110 - a set tells nobody when it grows
            await anyio.sleep(0.05)


async def until_noticed(watcher: Watcher) -> None:
    """A reader whose reads did not fail looks at the history every two seconds."""
    with anyio.fail_after(BACK_WITHIN_S):
        while len(watcher.histories) < 2:  # noqa: ASYNC110 - a list tells nobody when it grows
            await anyio.sleep(0.05)


async def test_all_goes_on_when_a_master_is_killed(servers: Servers, store: StreamStore) -> None:
    publisher = Publisher(store)
    writers = [Writer(publisher, stream) for stream in STREAMS]
    watcher = Watcher(store, STREAMS)
    doomed = servers.master_of(STREAMS[0])
    hit = [stream for stream in STREAMS if servers.master_of(stream) is doomed]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watcher.run)
        async with anyio.create_task_group() as writing:
            for writer in writers:
                writing.start_soon(writer.run)
            await until_confirmed(writers, after=anyio.current_time())
            await anyio.sleep(0.5)
            doomed.kill()
            killed_at = anyio.current_time()
            await until_confirmed(writers, after=killed_at)
            await until_noticed(watcher)
            await anyio.sleep(0.5)
            writing.cancel_scope.cancel()
        await until_seen(watcher, store)
        tasks.cancel_scope.cancel()
    assert len(watcher.histories) == 2
    found = await contents(store)
    assert max(found.values()) == 1, "a publish was repeated that nobody had repeated"
    for writer in writers:
        lost = {body: at for body, at in writer.confirmed.items() if body not in found}
        assert not any(at > killed_at for at in lost.values())
        if writer.stream not in hit:
            assert not lost
        assert all(at > killed_at - REPLICATION_LAG_S for at in lost.values())


async def test_a_reader_that_waits_meanwhile_gets_what_comes_afterwards(servers: Servers, store: StreamStore) -> None:
    watcher = Watcher(store, STREAMS[:1])
    await store.append([Append(STREAMS[0], [b"before"])])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watcher.run)
        await until_seen(watcher, store)
        servers.master_of(STREAMS[0]).kill()
        await append_within(store, Append(STREAMS[0], [b"after"]))
        with anyio.fail_after(BACK_WITHIN_S):
            while b"after" not in watcher.seen:  # noqa: ASYNC110 - a set tells nobody when it grows
                await anyio.sleep(0.05)
        tasks.cancel_scope.cancel()


async def append_within(store: StreamStore, append: Append) -> None:
    with anyio.fail_after(BACK_WITHIN_S):
        while True:
            try:
                if await store.append([append]) == [None]:
                    return
            except PublishFailed:
                await anyio.sleep(0.1)


async def test_a_killed_master_that_comes_back_at_once_is_another_history(servers: Servers, store: StreamStore) -> None:
    """Its memory is gone, and no fail-over took place: the run id tells."""
    before = await store.history()
    await store.append([Append(STREAMS[0], [b"1"])])
    master = servers.master_of(STREAMS[0])
    master.kill()
    master.start()
    with anyio.fail_after(BACK_WITHIN_S):
        while True:
            try:
                assert await store.history() != before
                break
            except BusUnavailable:
                await anyio.sleep(0.1)


class TestCluster:
    """What only a cluster can do: fail in part."""

    @pytest.fixture
    async def store(self, cluster: RedisCluster) -> AsyncIterator[StreamStore]:
        async with connect(RedisSettings(url=cluster.url)) as opened:
            yield opened

    @staticmethod
    def split(cluster: RedisCluster) -> tuple[RedisProcess, StreamName, StreamName]:
        """A master, a stream of its own, and a stream of another one."""
        doomed = cluster.master_of(STREAMS[0])
        return doomed, STREAMS[0], next(s for s in STREAMS if cluster.master_of(s) is not doomed)

    async def test_what_went_to_other_masters_is_confirmed(self, cluster: RedisCluster, store: StreamStore) -> None:
        doomed, gone, there = self.split(cluster)
        await store.append([Append(stream, [b"1"]) for stream in STREAMS])
        doomed.kill()
        outcomes = await store.append([Append(gone, [b"2"]), Append(there, [b"2"])])
        assert isinstance(outcomes[0], PublishFailed | None)
        assert outcomes[1] is None

    async def test_other_masters_are_read_meanwhile(self, cluster: RedisCluster, store: StreamStore) -> None:
        doomed, _, there = self.split(cluster)
        await store.append([Append(there, [b"1"])])
        doomed.kill()
        assert [entry.body for entry in await store.read({there: START}, 10, 1)] == [b"1"]

    async def test_a_slot_moves_while_it_is_written_and_read(self, cluster: RedisCluster, store: StreamStore) -> None:
        _, moving, other = self.split(cluster)
        target = cluster.master_of(other)
        writers = [Writer(Publisher(store), stream) for stream in STREAMS]
        watcher = Watcher(store, STREAMS)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watcher.run)
            async with anyio.create_task_group() as writing:
                for writer in writers:
                    writing.start_soon(writer.run)
                await anyio.sleep(0.3)
                await anyio.to_thread.run_sync(cluster.move, moving, target, lambda: anyio.from_thread.run(anyio.sleep, 0.3))
                moved_at = anyio.current_time()
                await until_confirmed(writers, after=moved_at)
                writing.cancel_scope.cancel()
            await until_seen(watcher, store)
            tasks.cancel_scope.cancel()
        assert cluster.master_of(moving) is target
        found = await contents(store)
        assert max(found.values()) == 1
        for writer in writers:
            # Nothing failed, and so nothing is lost: a slot that moves is an affair between the servers.
            assert writer.confirmed.keys() <= found.keys()
            assert writer.attempts - len(writer.confirmed) <= 1
        assert len(watcher.histories) == 1
