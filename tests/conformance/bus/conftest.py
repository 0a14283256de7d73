"""Every stream store passes this suite: the one on Redis, however that is set up, and its twin in memory."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bus.memory import MemoryStreamStore
from bus.redis import RedisSettings, connect
from bus.redis.link import Command
from bus.redis.store import RedisStreamStore
from bus.store import StreamStore
from bus.topic import StreamName


@pytest.fixture(params=["memory", "redis", "cluster", "sentinel"])
def store_url(request: pytest.FixtureRequest) -> str | None:
    """Where the store is; None for the one in memory."""
    if request.param == "memory":
        return None
    if request.param == "redis":
        return str(request.getfixturevalue("redis_url"))
    return str(request.getfixturevalue("cluster" if request.param == "cluster" else "sentinels").url)


@pytest.fixture
def remove(store: StreamStore) -> Callable[[StreamName], Awaitable[None]]:
    """Make a stream vanish behind everybody's back."""

    async def remove(stream: StreamName) -> None:
        if isinstance(store, MemoryStreamStore):
            store.remove(stream)
        else:
            assert isinstance(store, RedisStreamStore)
            key = store._key(stream)
            await store._link.ask([Command(key, ("DEL", key))])

    return remove


@pytest.fixture
async def store(store_url: str | None) -> AsyncIterator[StreamStore]:
    """A stream store without streams."""
    if store_url is None:
        yield MemoryStreamStore(lambda: time.time_ns() // 1_000_000)
        return
    async with connect(RedisSettings(url=store_url)) as opened:
        yield opened
