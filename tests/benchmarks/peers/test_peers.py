"""Peers are measured as they are meant to be used. They are there where the locks of `nexus bench` are installed."""

from collections.abc import AsyncIterator
from importlib.util import find_spec

import pytest
from redis import Redis

from tests.benchmarks.peers.remote import NAMES, PeerFailed, RemotePeer, interpreter, open_peer

pytestmark = pytest.mark.anyio
COUNT = 100
QUESTIONS = 5


@pytest.fixture(params=NAMES)
async def peer(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[RemotePeer]:
    there = interpreter(request.param).exists() if request.param == "arq" else find_spec(request.param) is not None
    if not there:
        pytest.skip(f"{request.param} is installed for `nexus bench` alone")
    async with open_peer(request.param, redis_url) as opened:
        yield opened


async def test_every_way_of_every_measurement_gives_figures(peer: RemotePeer, redis_url: str) -> None:
    for measurement, ways in peer.about.measurements.items():
        asking = measurement == "ask"
        for number in range(len(ways)):
            with Redis.from_url(redis_url) as client:
                client.flushall()
            figures = await peer.measure(measurement, number, QUESTIONS if asking else COUNT)
            assert len(figures) == (QUESTIONS if asking else 1)
            assert all(figure > 0 for figure in figures)


async def test_it_says_what_takes_part(peer: RemotePeer) -> None:
    assert peer.about.libraries
    assert {"publish singly", "consume", "ask"} <= set(peer.about.measurements)
    assert peer.about.keeping


async def test_what_is_handed_over_is_there(peer: RemotePeer, redis_url: str) -> None:
    await peer.send([("a", 1), ("b", 2)])
    with Redis.from_url(redis_url) as client:
        kept = {str(client.type(key), "ascii") for key in client.keys("*")}
    assert kept & {"stream", "zset"}


async def test_a_peer_that_is_not_known_does_not_start(redis_url: str) -> None:
    with pytest.raises(PeerFailed, match="has ended"):
        async with open_peer("nobody", redis_url):
            pass
