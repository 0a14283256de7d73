"""A reply that is lost on its way: whoever sent the command is told, and nobody sends it again behind his back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from bus import BusUnavailable, PublishFailed, StreamName
from bus.position import START
from bus.redis import RedisSettings, connect
from bus.store import Append, StreamStore
from nexus_actors.embedded.ports import LOOPBACK
from tests.redis_servers.cluster import RedisCluster
from tests.redis_servers.proxy import CuttingProxy, cutting_proxy

pytestmark = pytest.mark.anyio

A = StreamName("{a:0}:events")


@pytest.fixture(params=["single", "cluster"])
def servers(request: pytest.FixtureRequest) -> str | RedisCluster:
    """One server's address, or a cluster. Not async, for servers start outside of a running event loop."""
    found: str | RedisCluster = request.getfixturevalue("redis_url" if request.param == "single" else "cluster")
    return found


@pytest.fixture
async def cut_off(servers: str | RedisCluster) -> AsyncIterator[tuple[StreamStore, CuttingProxy]]:
    async with _single(servers) if isinstance(servers, str) else _cluster(servers) as pair:
        yield pair


@asynccontextmanager
async def _single(address: str) -> AsyncIterator[tuple[StreamStore, CuttingProxy]]:
    url = urlsplit(address)
    async with cutting_proxy(url.port or 0) as proxy:
        through = url._replace(netloc=f":{url.password}@{LOOPBACK}:{proxy.port}").geturl()
        async with connect(RedisSettings(url=through)) as store:
            yield store, proxy


@asynccontextmanager
async def _cluster(cluster: RedisCluster) -> AsyncIterator[tuple[StreamStore, CuttingProxy]]:
    master = cluster.master_of(A)
    async with cutting_proxy(master.port) as proxy, connect(RedisSettings(url=cluster.url)) as store:
        # The map of slots then leads everybody through the proxy.
        master.run("CONFIG", "SET", "cluster-announce-port", proxy.port)
        try:
            cluster.settle_on(A, proxy.port)
            yield store, proxy
        finally:
            master.run("CONFIG", "SET", "cluster-announce-port", 0)
            cluster.settle_on(A, master.port)


async def test_an_append_is_not_repeated_by_itself(cut_off: tuple[StreamStore, CuttingProxy]) -> None:
    store, proxy = cut_off
    assert await store.append([Append(A, [b"1"])]) == [None]
    proxy.lose_reply_to(b"EVALSHA")
    with pytest.raises(PublishFailed, match="same ids"):
        await store.append([Append(A, [b"2"])])
    assert proxy.lost == 1
    assert await store.append([Append(A, [b"3"])]) == [None]
    assert [entry.body for entry in await store.read({A: START}, 10, 0)] == [b"1", b"2", b"3"]


async def test_a_read_whose_reply_is_lost_loses_nothing(cut_off: tuple[StreamStore, CuttingProxy]) -> None:
    store, proxy = cut_off
    await store.append([Append(A, [b"1"])])
    proxy.lose_reply_to(b"XREAD")
    with pytest.raises(BusUnavailable, match="cannot be reached"):
        await store.read({A: START}, 10, 1)
    assert [entry.body for entry in await store.read({A: START}, 10, 1)] == [b"1"]
