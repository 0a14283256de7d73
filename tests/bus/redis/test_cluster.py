from collections.abc import AsyncIterator

import anyio
import pytest

from bus import BusUnavailable, PublishFailed, Topic
from bus.position import START
from bus.redis import RedisSettings, connect
from bus.store import Append, StreamStore
from nexus_actors.embedded.ports import LOOPBACK
from tests.ports import claim_port
from tests.redis_servers.cluster import RedisCluster

pytestmark = pytest.mark.anyio

STREAMS = Topic("walk-ms", partitions=16).streams("events")


@pytest.fixture
async def store(cluster: RedisCluster) -> AsyncIterator[StreamStore]:
    async with connect(RedisSettings(url=cluster.url)) as opened:
        yield opened


def connections(cluster: RedisCluster) -> int:
    return sum(node.run("INFO", "stats")["total_connections_received"] for node in cluster.nodes)


async def test_the_streams_of_a_topic_are_on_every_master(cluster: RedisCluster) -> None:
    assert len({cluster.master_of(stream).port for stream in STREAMS}) == 3


async def test_reading_many_slots_again_and_again_takes_no_new_connections(cluster: RedisCluster, store: StreamStore) -> None:
    positions = dict.fromkeys(STREAMS, START)
    await store.append([Append(stream, [b"first"]) for stream in STREAMS])
    seen = 0
    with anyio.fail_after(10):
        while seen < len(STREAMS):
            for entry in await store.read(positions, 10, 1):
                positions[entry.stream] = entry.position
                seen += 1
    await store.read(positions, 10, 0.05)
    before = connections(cluster)
    for n in range(30):
        stream = STREAMS[n % len(STREAMS)]
        await store.append([Append(stream, [b"%d" % n])])
        [entry] = await store.read(positions, 10, 5)
        assert (entry.stream, entry.body) == (stream, b"%d" % n)
        positions[stream] = entry.position
    looked = 2 * len(cluster.nodes)
    assert connections(cluster) - before <= looked


async def test_one_dead_node_in_the_url_is_no_hindrance(cluster: RedisCluster) -> None:
    host = f"{LOOPBACK}:{cluster.nodes[0].port}"
    url = cluster.url.split("@")[0] + f"@{LOOPBACK}:{claim_port()},{host}"
    async with connect(RedisSettings(url=url)) as store:
        assert await store.append([Append(STREAMS[0], [b"1"])]) == [None]


async def test_nodes_that_are_all_away_are_told_as_such() -> None:
    url = f"redis+cluster://{LOOPBACK}:{claim_port()},{LOOPBACK}:{claim_port()}"
    async with connect(RedisSettings(url=url)) as store:
        with pytest.raises(BusUnavailable, match="shows a Redis Cluster"):
            await store.history()
        with pytest.raises(PublishFailed, match="same ids"):
            await store.append([Append(STREAMS[0], [b"1"])])
        with pytest.raises(BusUnavailable):
            await store.read({STREAMS[0]: START}, 1, 5)


async def test_a_server_that_is_no_cluster_is_told_as_such(redis_url: str) -> None:
    async with connect(RedisSettings(url=redis_url.replace("redis://", "redis+cluster://"))) as store:
        with pytest.raises(BusUnavailable, match="shows a Redis Cluster"):
            await store.history()


async def test_an_error_of_whoever_uses_the_store_comes_out_as_it_is(cluster: RedisCluster) -> None:
    with pytest.raises(LookupError, match="mine"):
        async with connect(RedisSettings(url=cluster.url)):
            raise LookupError("mine")
