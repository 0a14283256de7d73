"""The bus on Debian's Redis, the oldest that we promise to run on."""

from collections.abc import AsyncIterator, Awaitable, Callable
from inspect import signature
from typing import Any, Final

import pytest
import redis

from bus import StreamName
from bus.redis import RedisSettings, connect
from bus.store import StreamStore
from tests.conformance.bus import test_store
from tests.servers.redis_server import DebianRedis

pytestmark = pytest.mark.anyio

Promise = Callable[..., Awaitable[None]]

_PROMISES: Final[list[Promise]] = [getattr(test_store, name) for name in dir(test_store) if name.startswith("test_")]


@pytest.fixture
async def store(debian_redis: DebianRedis) -> AsyncIterator[StreamStore]:
    with redis.Redis.from_url(debian_redis.url) as client:
        client.flushall()
        client.script_flush()
    async with connect(RedisSettings(url=debian_redis.url)) as opened:
        yield opened


@pytest.mark.parametrize("promise", _PROMISES, ids=lambda promise: promise.__name__.removeprefix("test_"))
async def test_the_store_keeps_its_promises(promise: Promise, store: StreamStore, debian_redis: DebianRedis) -> None:
    async def remove(stream: StreamName) -> None:
        with redis.Redis.from_url(debian_redis.url) as client:
            client.delete(f"nexus:{stream}")

    there: dict[str, Any] = {"store": store, "remove": remove}
    await promise(**{name: there[name] for name in signature(promise).parameters})


async def test_it_is_no_newer_than_what_we_promise(debian_redis: DebianRedis) -> None:
    with redis.Redis.from_url(debian_redis.url) as client:
        version = str(client.info("server")["redis_version"])
    assert version.startswith("7.0.")
