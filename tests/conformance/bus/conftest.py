"""Every stream store passes this suite: the one on Redis, however that is set up, and its twin in memory."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bus.memory import MemoryStreamStore
from bus.redis import RedisSettings, connect
from bus.store import StreamStore
from tests.redis_servers.cluster import RedisCluster
from tests.redis_servers.sentinels import SentinelSet


@pytest.fixture(scope="session")
def cluster(server_folder: Path) -> Iterator[RedisCluster]:
    """A Redis Cluster, for the whole run."""
    servers = RedisCluster(server_folder / "cluster")
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


@pytest.fixture(scope="session")
def sentinels(server_folder: Path) -> Iterator[SentinelSet]:
    """A master with a replica and sentinels, for the whole run."""
    servers = SentinelSet(server_folder / "sentinels")
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


@pytest.fixture(params=["memory", "redis", "cluster", "sentinel"])
def store_url(request: pytest.FixtureRequest) -> str | None:
    """Where the store is; None for the one in memory."""
    if request.param == "memory":
        return None
    if request.param == "redis":
        return str(request.getfixturevalue("redis_url"))
    servers = request.getfixturevalue("cluster" if request.param == "cluster" else "sentinels")
    servers.empty()
    return str(servers.url)


@pytest.fixture
async def store(store_url: str | None) -> AsyncIterator[StreamStore]:
    """A stream store without streams."""
    if store_url is None:
        yield MemoryStreamStore(lambda: time.time_ns() // 1_000_000)
        return
    async with connect(RedisSettings(url=store_url)) as opened:
        yield opened
