"""Where both sides are measured: the same servers, emptied in between."""

import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit

import msgspec
from redis.asyncio import Redis

from bus.redis import RedisSettings, connect
from bus.store import StreamStore
from nexus_actors.embedded import EmbeddedPostgres, EmbeddedRedis
from nexus_actors.postgres.pool import DatabasePool, open_pool
from nexus_actors.settings.config import Settings
from nexus_actors.worker.heap import steady_heap
from tests.benchmarks import ours
from tests.benchmarks.figures import percentile
from tests.benchmarks.kills.run import kill_all
from tests.benchmarks.kills.trial import Outcome
from tests.benchmarks.peers.remote import RemotePeer, open_peers
from tests.benchmarks.workload import Moved, Recorded, Report, Streamed

Figures = Sequence[float]
Ours = Callable[[], Awaitable[Figures]]
_MANY_KEYS: Final = 1_000
_FEW_KEYS: Final = 16
_FEWEST: Final = 100
_FEWEST_QUESTIONS: Final = 25
# Which part of the messages a measurement of a peer takes: with these, none takes longer than about a second.
_PARTS: Final[Mapping[str, Mapping[str, int]]] = {
    "faststream": {"publish singly": 10, "publish batched": 1, "consume": 2, "consume batches": 1, "ask": 40},
    "taskiq": {"publish singly": 20, "consume": 10, "ask": 200},
    "streaq": {"publish singly": 20, "publish batched": 4, "consume": 10, "ask": 500},
    "arq": {"publish singly": 20, "consume": 20, "ask": 200},
}


class Arena:
    """The servers, and every measurement by name. A rate is one figure; questions give two: median and 99th percentile in ms.

    Args:
        messages: how many messages a measurement of throughput takes.

    Attributes:
        peers: the processes of what we are measured beside, by key.
    """

    def __init__(
        self,
        settings: Settings,
        redis: "Redis",
        streams: StreamStore,
        pool: DatabasePool,
        peers: Mapping[str, RemotePeer],
        messages: int,
    ) -> None:
        self.peers = peers
        self._settings = settings
        self._redis = redis
        self._streams = streams
        self._pool = pool
        self._messages = messages
        self._numbers = count()
        self._few = max(_FEWEST, messages // 10)
        self._questions = max(_FEWEST, messages // 40)

    async def clear(self) -> None:
        """Make both sides begin alike: nothing in Redis, no garbage in this process."""
        await self._redis.flushall()
        gc.collect()

    @asynccontextmanager
    async def _fresh(self) -> AsyncIterator[Settings]:
        """An empty database. One that remembers streams which are gone would publish all that was in them again."""
        name = f"bench_{next(self._numbers)}"
        await self._pool.execute(f"CREATE DATABASE {name}")
        url = urlsplit(self._settings.database_url or "")._replace(path=f"/{name}").geturl()
        yield msgspec.structs.replace(self._settings, database_url=url)
        await self._pool.execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def versions(self) -> dict[str, str]:
        """What the servers say of themselves."""
        info = await self._redis.info("server")
        redis = ("Valkey", info["valkey_version"]) if "valkey_version" in info else ("Redis", info["redis_version"])
        return {"PostgreSQL": str(await self._pool.fetchval("SHOW server_version")), redis[0]: str(redis[1])}

    async def durability(self) -> str:
        """How lasting the servers' answers are."""
        asked = {name: await self._pool.fetchval(f"SHOW {name}") for name in ("fsync", "synchronous_commit")}
        given = await self._redis.config_get("append*")
        redis = {name: given[name] for name in ("appendonly", "appendfsync")}
        return "Servers: " + ", ".join(f"{name} {value}" for name, value in {**asked, **redis}.items())

    async def kill_all(self, folder: Path) -> tuple[Outcome, ...]:
        """What is lost when workers are killed; see `tests.benchmarks.kills`."""
        await self.clear()
        with TemporaryDirectory(prefix="kills-", dir=folder) as logs:
            return await kill_all(self._settings.database_url or "", self._settings.redis_url or "", Path(logs))

    def ours(self) -> Mapping[str, Ours]:
        """Our measurements."""
        messages, streams = self._messages, self._streams

        async def ask() -> Figures:
            async with self._fresh() as settings:
                return _latencies(await ours.asking(settings, self._questions))

        def settle(kind: type[Report], vehicles: int) -> Ours:
            async def measure() -> Figures:
                async with self._fresh() as settings:
                    return [await ours.settling(settings, kind, messages, vehicles)]

            return measure

        return {
            "publish singly": lambda: _rate(ours.publishing_singly(streams, self._few)),
            "publish batched": lambda: _rate(ours.publishing_batched(streams, messages)),
            "consume": lambda: _rate(ours.consuming(streams, self._pool, messages)),
            "full, no rows": settle(Moved, _MANY_KEYS),
            "full, a row each": settle(Recorded, _MANY_KEYS),
            "full, lists": settle(Streamed, _FEW_KEYS),
            "ask": ask,
        }

    async def theirs(self, peer: str, name: str, way: int, per_cent: int = 100) -> Figures:
        """A measurement of a peer, in one of its ways, with a share of its messages."""
        fewest = _FEWEST_QUESTIONS if name == "ask" else _FEWEST
        count = max(fewest, self._messages // _PARTS[peer][name]) * per_cent // 100
        figures = await self.peers[peer].measure(name, way, count)
        return _latencies(figures) if name == "ask" else figures


async def _rate(measured: Awaitable[float]) -> Figures:
    return [await measured]


def _latencies(took_s: Sequence[float]) -> Figures:
    return [percentile(took_s, 0.5) * 1_000, percentile(took_s, 0.99) * 1_000]


@asynccontextmanager
async def open_arena(folder: Path, messages: int) -> AsyncIterator[Arena]:
    """Start servers of our own, with their usual durability, on data that goes when they end."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="bench-", dir=folder) as data:
        async with EmbeddedPostgres(Path(data) / "postgres") as postgres, EmbeddedRedis(Path(data) / "redis") as valkey:
            settings = Settings.load({"NEXUS_DATABASE_URL": postgres.url, "NEXUS_REDIS_URL": valkey.url})
            async with (
                connect(RedisSettings(url=valkey.url)) as streams,
                open_pool(postgres.url, schema="public", application_name="nexus bench") as pool,
                Redis.from_url(valkey.url, decode_responses=True) as redis,
                open_peers(valkey.url) as peers,
            ):
                with steady_heap():  # as in a process of workers
                    yield Arena(settings, redis, streams, pool, peers, messages)
