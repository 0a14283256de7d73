"""How far services are behind, on real servers."""

import socket

import anyio
import pytest

from bus import BusUnavailable, new_id
from bus.codec import encode_envelope
from bus.envelope import seal
from bus.publisher import Outgoing, Publisher
from bus.redis import RedisSettings, connect
from nexus_actors.cli.platform.lagging import read_lags
from nexus_actors.testing import open_platform
from nexus_actors.worker.worker import utc_now
from tests.nexus_actors.runtime.counter import COUNTERS, Add, counter

pytestmark = pytest.mark.anyio

PREFIX = "lagging"


async def test_the_oldest_message_that_waits_counts(database_url: str, redis_url: str) -> None:
    async with connect(RedisSettings(url=redis_url, prefix=PREFIX)) as streams:
        async with open_platform([counter], database_url, streams=streams) as platform:
            await platform.ask(Add(counter="a", by=1))
            await platform.settle()
            assert await read_lags(database_url, redis_url, PREFIX) == {"counter-ms": 0.0}
        command = seal(Add(counter="a", by=1), message_id=new_id(), source="test", now=utc_now())
        stream = COUNTERS.stream("commands", COUNTERS.partition_of("a"))
        await Publisher(streams).publish([Outgoing(stream, encode_envelope(command))])
        await anyio.sleep(0.3)
        lags = await read_lags(database_url, redis_url, PREFIX)
    assert 0.25 < lags["counter-ms"] < 30


async def test_streams_that_do_not_answer_are_told(database_url: str) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and nothing listens there
        async with open_platform([counter], database_url):
            with pytest.raises(BusUnavailable):
                await read_lags(database_url, f"redis://127.0.0.1:{held.getsockname()[1]}/0", PREFIX)
