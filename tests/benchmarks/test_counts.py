"""How many Redis commands and SQL statements things take: what makes them slow, and what no noisy clock hides.

The counts of tests/benchmarks/counts.json are exact, so that nothing gets worse unseen, and what gets better is written down.
"""

import json
import math
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from anyio.lowlevel import checkpoint

from bus.position import START
from nexus_actors.platform.loading import load_catalogue, load_service
from nexus_actors.settings.config import Settings
from nexus_actors.worker import Worker, open_worker
from nexus_actors.worker.faces import Faces
from tests.benchmarks.counting import RedisCounter, SqlCounter
from tests.benchmarks.ours import publish
from tests.benchmarks.workload import BENCH, SOURCE, Locate, Moved, Recorded, Report, Seen, Streamed, service

pytestmark = pytest.mark.anyio

_BASELINE: Final = json.loads((Path(__file__).parent / "counts.json").read_text())
_KINDS: Final[dict[type[Report], str]] = {
    Seen: "stateless turn",
    Moved: "stateful turn with an event",
    Recorded: "turn that writes a row",
    Streamed: "turn of a list that writes rows",
}
_ONE_BY_ONE: Final = 16
_BATCH: Final = 256
_SETTLED_S: Final = 2.0
_IDLE_S: Final = 5.0

Found = dict[str, Any]


@pytest.fixture(autouse=True)
def no_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch ends early where its turns take long, as on a busy machine: then there are two commits."""
    monkeypatch.setattr("nexus_actors.runtime.batch.LONGEST_S", math.inf)


class Station:
    """A worker whose loop turns when it is told to, and counters on both servers."""

    def __init__(self, worker: Worker, redis: RedisCounter, sql: SqlCounter) -> None:
        self.worker = worker
        self.loop = worker.hosts[service.name].loop
        self._redis = redis
        self._sql = sql
        self._base: tuple[Counter[str], Counter[str]] = (Counter(), Counter())

    async def begin(self) -> None:
        """Count from now on."""
        self._base = await self._seen()

    async def counted(self, events: int) -> Found:
        """What has been counted since, for so many events."""
        redis, sql = await self._seen()
        return {"events": events, "redis": dict(redis - self._base[0]), "sql": dict(sql - self._base[1])}

    async def _seen(self) -> tuple[Counter[str], Counter[str]]:
        await checkpoint()  # asyncpg tells its loggers in the loop's next round
        return self._redis.seen(), self._sql.seen()

    def published(self) -> int:
        """How many messages have been appended to streams."""
        return self._redis.seen()["xadd"]

    async def reports(self, kind: type[Report], count: int) -> None:
        """Publish reports of different vehicles."""
        await publish(self.worker.streams, [kind(vehicle=f"v{number}", lat=45.0, lon=13.0) for number in range(count)])

    async def settle(self) -> None:
        """Let the loop handle all that has been published."""
        names = SOURCE.streams("events") + BENCH.streams("commands")
        last = {name: at for name, at in (await self.worker.streams.last(names)).items() if at != START}
        while True:
            trackers = {n: t for partition in self.loop.partitions.values() for n, t in partition.trackers.items()}
            if trackers and all(trackers[name].checkpoint() >= at for name, at in last.items()):
                return
            await self.loop.tick(block_s=0.5)


@pytest.fixture
def redis_counter(redis_url: str) -> Iterator[RedisCounter]:
    counter = RedisCounter(redis_url)
    yield counter
    counter.close()


@pytest.fixture
def sql_counter(monkeypatch: pytest.MonkeyPatch) -> SqlCounter:
    counter = SqlCounter()
    counter.watch(monkeypatch)
    return counter


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    return Settings.load({"NEXUS_DATABASE_URL": database_url, "NEXUS_REDIS_URL": redis_url})


@pytest.fixture
async def station(settings: Settings, redis_counter: RedisCounter, sql_counter: SqlCounter) -> AsyncIterator[Station]:
    async with open_worker(settings, [service]) as worker:
        await worker.keeper.tick()
        yield Station(worker, redis_counter, sql_counter)


def check(name: str, found: Found) -> None:
    expected = _BASELINE[name]
    meant = json.dumps({name: found}, sort_keys=True)
    assert found == expected, f"{name} takes other counts than counts.json says. If that is meant, write there: {meant}"


@pytest.mark.parametrize("kind", _KINDS)
async def test_turns_one_by_one(station: Station, kind: type[Report]) -> None:
    await station.reports(kind, 1)
    await station.settle()
    handling: Found = {"events": 0, "redis": Counter(), "sql": Counter()}
    for _ in range(_ONE_BY_ONE):
        await station.reports(kind, 1)
        await station.begin()
        await station.settle()
        _add(handling, await station.counted(1))
    check(f"{_KINDS[kind]}, one by one", handling)


def _add(total: Found, found: Found) -> None:
    total["events"] += found["events"]
    for side in ("redis", "sql"):
        total[side].update(found[side])


@pytest.mark.parametrize("kind", _KINDS)
async def test_turns_in_batches(station: Station, kind: type[Report]) -> None:
    await station.reports(kind, _BATCH)
    await station.settle()
    await station.reports(kind, _BATCH)
    await station.begin()
    await station.settle()
    check(f"{_KINDS[kind]}, in a batch", await station.counted(_BATCH))


@pytest.mark.parametrize(("count", "name"), [(1, "publish, one message"), (_BATCH, "publish, a batch")])
async def test_publishing(station: Station, count: int, name: str) -> None:
    await station.reports(Seen, 1)
    await station.begin()
    await station.reports(Seen, count)
    check(name, await station.counted(count))


async def test_asking_one_by_one(station: Station) -> None:
    async with asking(station) as ask:
        await ask(1)
        await station.begin()
        for _ in range(_ONE_BY_ONE):
            await ask(1)
        found = await station.counted(_ONE_BY_ONE)
    check("ask, one by one", found)


async def test_asking_many_at_once(station: Station) -> None:
    async with asking(station) as ask:
        await ask(_BATCH)
        await station.begin()
        await ask(_BATCH)
        found = await station.counted(_BATCH)
    check("ask, many at once", found)


@asynccontextmanager
async def asking(station: Station) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Asks so many questions at once, has the loop handle them when all are published, and waits for the answers."""

    async def ask(count: int) -> None:
        awaited = station.published() + count
        async with anyio.create_task_group() as questions:
            for number in range(count):
                questions.start_soon(station.worker.asker.ask, Locate(vehicle=f"v{number}"))
            with anyio.fail_after(10):
                while station.published() < awaited:  # noqa: ASYNC110 - the server tells nobody when it has them
                    await anyio.sleep(0.01)
            await station.settle()

    async with anyio.create_task_group() as beside:
        beside.start_soon(station.worker.requests.run)
        yield ask
        beside.cancel_scope.cancel()


async def test_an_idle_platform_leaves_its_servers_alone(
    database_url: str, redis_url: str, redis_counter: RedisCounter, sql_counter: SqlCounter
) -> None:
    services = [load_service(entry) for entry in load_catalogue().built()]
    urls = {"NEXUS_DATABASE_URL": database_url, "NEXUS_REDIS_URL": redis_url}
    settings = Settings.load({**urls, "NEXUS_AUTH_KEK": secrets.token_urlsafe(48)})
    async with open_worker(settings, services) as worker, worker.running(), Faces(worker, free_ports=True).serving():
        await anyio.sleep(_SETTLED_S)
        redis, sql = redis_counter.seen(), sql_counter.seen()
        await anyio.sleep(_IDLE_S)
        redis, sql = redis_counter.seen() - redis, sql_counter.seen() - sql
    bounds = _BASELINE["idle platform, at most in a second"]
    assert redis.total() / _IDLE_S <= bounds["redis"], dict(redis)
    assert sql.total() / _IDLE_S <= bounds["sql"], dict(sql)
