"""The one place that builds Redis clients."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import Struct
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bus.redis.store import RedisStreamStore

REPLY_MARGIN_S = 5.0


class RedisSettings(Struct, frozen=True, kw_only=True):
    """How to reach Redis.

    Attributes:
        url: ``redis://`` or ``rediss://`` address, with password and database.
        prefix: stands before every key, so that deployments can share a server.
        max_block_s: the longest that a read may block. The read timeout of a connection is this and a margin, as redis-py
            does not lengthen it for blocking commands.
        connections: connections for everything that does not block.
    """

    url: str
    prefix: str = "nexus"
    max_block_s: float = 5.0
    connections: int = 16


def _pool(settings: RedisSettings, connections: int, timeout_s: float) -> BlockingConnectionPool:
    """A pool whose connections never retry: a repeated XADD would be a second message, and nobody would know."""
    return BlockingConnectionPool.from_url(
        settings.url,
        max_connections=connections,
        timeout=timeout_s,
        protocol=2,
        socket_timeout=timeout_s,
        socket_connect_timeout=REPLY_MARGIN_S,
        socket_keepalive=True,
        health_check_interval=0,
        retry=Retry(NoBackoff(), 0),
        retry_on_error=[],
    )


@asynccontextmanager
async def connect(settings: RedisSettings) -> AsyncIterator[RedisStreamStore]:
    """Open a stream store; it connects when it is first used.

    RESP2 is asked for: its batch reads parse faster than RESP3's.
    """
    commands = Redis(connection_pool=_pool(settings, settings.connections, REPLY_MARGIN_S))
    readers = _pool(settings, 1_024, settings.max_block_s + REPLY_MARGIN_S)
    try:
        yield RedisStreamStore(commands, readers, settings.prefix)
    finally:
        await commands.aclose(close_connection_pool=True)
        await readers.disconnect()
