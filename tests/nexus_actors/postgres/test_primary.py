"""Several servers in one address."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import anyio
import asyncpg
import pytest
from anyio.abc import SocketStream

from nexus_actors.embedded import EmbeddedPostgres
from nexus_actors.embedded.ports import LOOPBACK
from nexus_actors.errors import ConfigError, DatabaseUnavailable
from nexus_actors.postgres.pool import open_pool
from nexus_actors.postgres.primary import Place, Primary, places_of
from tests.ports import claim_port

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("url", "places"),
    [
        ("postgresql://u:p@one:1,two,[::1]:3/db", [Place("one", "1"), Place("two", ""), Place("::1", "3")]),
        ("postgresql://u:p%40@one/db?target_session_attrs=read-write", [Place("one", "")]),
        ("postgresql://u@/db?host=/run/a,/run/b&port=1,2", [Place("/run/a", "1"), Place("/run/b", "2")]),
        ("postgresql://u@/db?host=one,two&port=7", [Place("one", "7"), Place("two", "7")]),
        ("postgresql:///db", []),
    ],
)
def test_an_address_lists_servers(url: str, places: list[Place]) -> None:
    assert places_of(url) == places


@pytest.mark.parametrize(
    ("query", "said"),
    [("target_session_attrs=standby", "services write"), ("host=a,b,c&port=1,2", "3 hosts and 2 ports")],
)
async def test_an_address_that_cannot_be_meant_is_refused(query: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        async with open_pool(f"postgresql:///x?{query}", schema="s", application_name="test"):
            pytest.fail("taken in")


class Silent:
    """A machine that is gone: who connects hears nothing.

    Attributes:
        asked: how often somebody tried.
    """

    def __init__(self) -> None:
        self.port = claim_port()
        self.asked = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        listener = await anyio.create_tcp_listener(local_host=LOOPBACK, local_port=self.port)
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, self._hear)
            yield
            tasks.cancel_scope.cancel()

    async def _hear(self, client: SocketStream) -> None:
        self.asked += 1
        async with client:
            await anyio.sleep_forever()


def _several(database_url: str, *ports: int, query: str = "target_session_attrs=read-write") -> str:
    parts = urlsplit(database_url)
    hosts = ",".join(f"{LOOPBACK}:{port}" for port in ports)
    return parts._replace(netloc=f"{parts.username}:{parts.password}@{hosts}", query=query).geturl()


@pytest.mark.parametrize("read_only", [False, True], ids=["writing", "reading"])
async def test_the_server_that_answered_is_asked_first_from_then_on(
    read_only: bool, database_url: str, postgres_server: EmbeddedPostgres
) -> None:
    gone = Silent()
    url = _several(database_url, gone.port, postgres_server.port)
    async with (
        gone.listening(),
        open_pool(url, schema="s", application_name="test", read_only=read_only, connect_within_s=0.2) as pool,
    ):
        for _ in range(3):
            assert await pool.fetchval("SELECT 1") == 1
            await pool.expire_connections()
        assert gone.asked == 1


async def test_all_servers_together_have_the_time_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, float] = {}

    async def connect(dsn: str, *, host: str, timeout: float, **_: object) -> None:  # noqa: ASYNC109 - as asyncpg's
        asked[host] = timeout
        raise ConnectionError(dsn)

    monkeypatch.setattr(asyncpg, "connect", connect)
    url = "postgresql://one:1,two:2,three/db"
    with pytest.raises(ConnectionError, match=r"one:1: .*two:2: .*three: "):
        await Primary(url).connect(url, timeout=6)
    assert asked == {"one": 2.0, "two": 2.0, "three": 2.0}


async def test_what_each_server_did_is_said(database_url: str) -> None:
    nobody, no_one = claim_port(), claim_port()
    url = _several(database_url, nobody, no_one)
    with pytest.raises(DatabaseUnavailable, match=f"(?s){LOOPBACK}:{nobody}: .*{LOOPBACK}:{no_one}: "):
        async with open_pool(url, schema="s", application_name="test", connect_within_s=0.1):
            pytest.fail("connected to nobody")
