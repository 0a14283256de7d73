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
from nexus_actors.config import Settings
from nexus_actors.embedded import EmbeddedPostgres, EmbeddedRedis
from nexus_actors.postgres.pool import DatabasePool, open_pool
from tests.benchmarks import ours, theirs
from tests.benchmarks.figures import percentile
from tests.benchmarks.workload import Moved, Recorded, Report, Streamed

Figures = Sequence[float]
Ours = Callable[[], Awaitable[Figures]]
WithSetting = Callable[[theirs.Setting, int], Awaitable[Figures]]
Theirs = tuple[Sequence[theirs.Setting], WithSetting]
_STREAM: Final = "bench"
_MANY_KEYS: Final = 1_000
_FEW_KEYS: Final = 16


class Arena:
    """The servers, and every measurement by name. A rate is one figure; questions give two: median and 99th percentile in ms.

    Args:
        messages: how many messages a measurement of throughput takes.
    """

    def __init__(self, settings: Settings, redis: "Redis", streams: StreamStore, pool: DatabasePool, messages: int) -> None:
        self._settings = settings
        self._redis = redis
        self._streams = streams
        self._pool = pool
        self._messages = messages
        self._numbers = count()
        self._few = max(100, messages // 10)
        self._questions = max(100, messages // 40)

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

    def theirs(self) -> Mapping[str, Theirs]:
        """FastStream's measurements, which take a setting and a share of the messages in per cent."""
        url, messages = self._settings.redis_url or "", self._messages

        async def ask(setting: theirs.Setting, per_cent: int) -> Figures:
            return _latencies(await theirs.asking(url, _STREAM, self._questions * per_cent // 100, setting))

        def rate(measure: Callable[[str, str, int, theirs.Setting], Awaitable[float]], number: int) -> WithSetting:
            return lambda setting, per_cent: _rate(measure(url, _STREAM, number * per_cent // 100, setting))

        return {
            "publish singly": (theirs.SINGLY, rate(theirs.publishing_singly, self._few)),
            "publish batched": (theirs.BATCHED, rate(theirs.publishing_batched, messages)),
            "consume one a call": (theirs.ONE_A_CALL, rate(theirs.consuming, messages // 2)),
            "consume batches": (theirs.BATCH_A_CALL, rate(theirs.consuming, messages)),
            "ask": (theirs.ASKING, ask),
        }


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
            ):
                yield Arena(settings, redis, streams, pool, messages)
