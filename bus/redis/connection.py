"""The one place that builds Redis clients."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
from msgspec import Struct
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import Connection, SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bus.address import Endpoint, RedisAddress
from bus.certificates import REDIS_FILES, check_certificates
from bus.redis.cluster import ClusterLink
from bus.redis.master import MasterConnection, TlsMasterConnection
from bus.redis.sentinels import Sentinels
from bus.redis.server import Server
from bus.redis.single import SingleLink
from bus.redis.store import RedisStreamStore

REPLY_MARGIN_S = 5.0
_READERS = 1_024


class RedisSettings(Struct, frozen=True, kw_only=True):
    """How to reach Redis.

    Attributes:
        url: address of one server, a cluster or sentinels, with password and database; see `RedisAddress.parse`.
        prefix: stands before every key, so that deployments can share a server.
        max_block_s: the longest that a read may block. The read timeout of a connection is this and a margin, as redis-py
            does not lengthen it for blocking commands.
        connections: connections to each server for everything that does not block.
    """

    url: str
    prefix: str = "nexus"
    max_block_s: float = 5.0
    connections: int = 16


class _Pools:
    """Builds the pools of one Redis.

    RESP2 is asked for: its batch reads parse faster than RESP3's. Connections never retry: a repeated XADD would be a second
    message, and nobody would know.
    """

    def __init__(self, settings: RedisSettings, url: str) -> None:
        self._settings = settings
        self.options: dict[str, Any] = {
            "protocol": 2,
            "socket_connect_timeout": REPLY_MARGIN_S,
            "health_check_interval": 0,
            "retry_on_error": [],
            **_read(url),
        }

    def check(self) -> None:
        """See that connections can be made with these options. None is opened.

        Raises:
            ValueError: one of them is not known, or belongs to TLS, which ``redis://`` is not.
        """
        options = {name: value for name, value in self.options.items() if name != "connection_class"}
        try:
            self.options.get("connection_class", Connection)(**options)
        except (TypeError, RedisError) as error:
            message = f"has an option that cannot be used ({error}); those of TLS need rediss:// in front"
            raise ValueError(message) from None

    def server(self, **options: Any) -> Server:  # noqa: ANN401 - redis-py's own options
        """A way to one server; the options go before those of the URL."""
        commands = self._pool(self._settings.connections, REPLY_MARGIN_S, options)
        readers = self._pool(_READERS, self._settings.max_block_s + REPLY_MARGIN_S, options)
        return Server(commands, readers)

    def _pool(self, connections: int, timeout_s: float, options: dict[str, Any]) -> BlockingConnectionPool:
        # Neither of these is the URL's to change.
        fixed = {"socket_timeout": timeout_s, "retry": Retry(NoBackoff(), 0), "timeout": timeout_s}
        return BlockingConnectionPool(**{**self.options, **fixed, **options, "max_connections": connections})


@asynccontextmanager
async def connect(settings: RedisSettings) -> AsyncIterator[RedisStreamStore]:
    """Open a stream store; it connects when it is first used.

    Raises:
        ValueError: the URL cannot be used, or a file that it names; see `RedisAddress.parse`.
    """
    address = RedisAddress.parse(settings.url)
    check_certificates(address.url, REDIS_FILES)
    pools = _Pools(settings, address.url)
    pools.check()
    opened = {"single": _single, "cluster": _cluster, "sentinel": _sentinel}[address.kind]
    async with opened(settings, address, pools) as store:
        yield store


def _read(url: str) -> dict[str, Any]:
    try:
        return dict(parse_url(url))
    except ValueError as error:
        message = f"cannot be read: {error}"
        raise ValueError(message) from None


@asynccontextmanager
async def _single(settings: RedisSettings, address: RedisAddress, pools: _Pools) -> AsyncIterator[RedisStreamStore]:
    del address
    server = pools.server()
    try:
        yield RedisStreamStore(SingleLink(server), settings.prefix)
    finally:
        await server.close()


@asynccontextmanager
async def _cluster(settings: RedisSettings, address: RedisAddress, pools: _Pools) -> AsyncIterator[RedisStreamStore]:
    def open_server(node: Endpoint) -> Server:
        return pools.server(host=node.host, port=node.port)

    failure: Exception | None = None
    tasks = anyio.create_task_group()
    link = ClusterLink(address.endpoints, open_server, tasks, settings.max_block_s)
    try:
        async with tasks:
            try:
                yield RedisStreamStore(link, settings.prefix)
            except Exception as error:  # noqa: BLE001 - raised below; the task group would wrap it
                failure = error
            finally:
                tasks.cancel_scope.cancel()
    finally:
        # When its tasks have ended: one of them may have been about to connect.
        await link.close()
    if failure is not None:
        raise failure


@asynccontextmanager
async def _sentinel(settings: RedisSettings, address: RedisAddress, pools: _Pools) -> AsyncIterator[RedisStreamStore]:
    tls = pools.options.get("connection_class") is SSLConnection
    names = {"socket_connect_timeout", "health_check_interval", "protocol"}
    options = {name: value for name, value in pools.options.items() if name in names or name.startswith("ssl_")}
    sentinels = Sentinels(  # type: ignore[no-untyped-call]
        address.endpoints,
        sentinel_kwargs={
            **options,
            **dict(address.sentinel_options),
            "ssl": tls,
            "socket_timeout": REPLY_MARGIN_S,
            "retry": Retry(NoBackoff(), 0),
        },
    )

    server = pools.server(
        connection_class=TlsMasterConnection if tls else MasterConnection,
        find_master=partial(sentinels.discover_master, address.master),
    )
    try:
        yield RedisStreamStore(SingleLink(server), settings.prefix)
    finally:
        with anyio.CancelScope(shield=True):
            await server.close()
            await sentinels.aclose()
