import anyio
import pytest
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bus import BusUnavailable, PublishFailed, StreamName
from bus.redis import RedisSettings, connect
from bus.redis.sentinels import Sentinels
from bus.store import Append
from nexus_actors.embedded.ports import LOOPBACK
from tests.ports import claim_port
from tests.redis_servers.process import PASSWORD
from tests.redis_servers.sentinels import NAME, SentinelSet

pytestmark = pytest.mark.anyio

A = StreamName("{a:0}:events")


async def test_a_sentinel_that_is_away_is_passed_over(sentinels: SentinelSet) -> None:
    url = sentinels.url.replace(f"{LOOPBACK}:{sentinels.sentinels[0].port}", f"{LOOPBACK}:{claim_port()}")
    async with connect(RedisSettings(url=url)) as store:
        assert await store.append([Append(A, [b"1"])]) == [None]


async def test_none_is_forgotten_where_several_ask_at_once_and_the_first_is_away(sentinels: SentinelSet) -> None:
    ports = [claim_port(), *(sentinel.port for sentinel in sentinels.sentinels)]
    addresses = [(LOOPBACK, port) for port in ports]
    options = {"password": PASSWORD, "protocol": 2, "retry": Retry(NoBackoff(), 0)}
    async with Sentinels(addresses, sentinel_kwargs=options) as known:  # type: ignore[no-untyped-call]
        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(known.discover_master, NAME)
        assert sorted(one.connection_pool.connection_kwargs["port"] for one in known.sentinels) == sorted(ports)
        assert known.sentinels[0].connection_pool.connection_kwargs["port"] != ports[0]


async def test_a_master_that_nobody_watches_is_told_as_such(sentinels: SentinelSet) -> None:
    async with connect(RedisSettings(url=sentinels.url.replace("/nexus/", "/other/"))) as store:
        with pytest.raises(BusUnavailable, match="other"):
            await store.history()
        with pytest.raises(PublishFailed, match="same ids"):
            await store.append([Append(A, [b"1"])])


async def test_a_replica_that_a_sentinel_still_names_is_refused(sentinels: SentinelSet) -> None:
    """As it is for a moment when a former master has come back and not all sentinels have heard of it."""
    async with connect(RedisSettings(url=sentinels.url)) as store:
        sentinels.demote_unnoticed()
        try:
            with pytest.raises(BusUnavailable, match="no master"):
                await store.history()
        finally:
            sentinels.master().run("REPLICAOF", "NO", "ONE")


async def test_a_master_that_is_demoted_under_an_open_connection_takes_nothing(sentinels: SentinelSet) -> None:
    async with connect(RedisSettings(url=sentinels.url)) as store:
        await store.append([Append(A, [b"1"])])
        sentinels.demote_unnoticed()
        try:
            [outcome] = await store.append([Append(A, [b"2"])])
            assert isinstance(outcome, PublishFailed)
            with pytest.raises(PublishFailed, match="no master"):
                await store.append([Append(A, [b"2"])])
        finally:
            sentinels.master().run("REPLICAOF", "NO", "ONE")
