"""Every stream store passes this suite: the one on Redis, however that is set up, and its twin in memory."""

import time
from collections.abc import AsyncIterator

import pytest

from bus.memory import MemoryStreamStore
from bus.redis import RedisSettings, connect
from bus.store import StreamStore


@pytest.fixture(params=["memory", "redis", "cluster", "sentinel"])
def store_url(request: pytest.FixtureRequest) -> str | None:
    """Where the store is; None for the one in memory."""
    if request.param == "memory":
        return None
    if request.param == "redis":
        return str(request.getfixturevalue("redis_url"))
    return str(request.getfixturevalue("cluster" if request.param == "cluster" else "sentinels").url)


@pytest.fixture
async def store(store_url: str | None) -> AsyncIterator[StreamStore]:
    """A stream store without streams."""
    if store_url is None:
        yield MemoryStreamStore(lambda: time.time_ns() // 1_000_000)
        return
    async with connect(RedisSettings(url=store_url)) as opened:
        yield opened
