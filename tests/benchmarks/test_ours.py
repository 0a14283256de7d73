"""What the benchmark measures of ours does what it says, in small."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bus.redis import RedisSettings, connect
from bus.store import StreamStore
from nexus_actors.postgres.pool import open_pool
from nexus_actors.settings.config import Settings
from tests.benchmarks import ours
from tests.benchmarks.workload import BENCH, SOURCE, Moved, Recorded, Report, Seen, Streamed

pytestmark = pytest.mark.anyio
COUNT = 300
VEHICLES = 10
ALL = COUNT + VEHICLES  # each one reports once before the clock runs


@pytest.fixture
async def streams(redis_url: str) -> AsyncIterator[StreamStore]:
    async with connect(RedisSettings(url=redis_url)) as store:
        yield store


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    return Settings.load({"NEXUS_DATABASE_URL": database_url, "NEXUS_REDIS_URL": redis_url})


@asynccontextmanager
async def rows(settings: Settings) -> AsyncIterator[dict[str, int]]:
    """How many rows each table of the service has."""
    async with open_pool(settings.database_url or "", schema="bench_ms", application_name="test") as pool:
        found = await pool.fetchrow(
            "SELECT (SELECT count(*) FROM inbox) AS inbox, (SELECT count(*) FROM states) AS states,"
            " (SELECT count(*) FROM fixes) AS fixes, (SELECT count(*) FROM outbox) AS outbox"
        )
        assert found is not None
        yield dict(found)


@pytest.mark.parametrize("measure", [ours.publishing_singly, ours.publishing_batched])
async def test_all_messages_are_published(streams: StreamStore, measure: "ours.Publishing") -> None:
    assert await measure(streams, COUNT) > 0
    assert sum((await streams.lengths(SOURCE.streams("events"))).values()) == COUNT


async def test_the_bare_consumer_reads_everything_and_keeps_its_position(streams: StreamStore, settings: Settings) -> None:
    async with open_pool(settings.database_url or "", schema="public", application_name="test") as pool:
        for _ in range(2):
            assert await ours.consuming(streams, pool, COUNT) > 0
        kept = {row["stream"]: (row["ms"], row["seq"]) for row in await pool.fetch("SELECT * FROM progress")}
    assert kept == {name: tuple(at) for name, at in (await streams.last(SOURCE.streams("events"))).items()}


@pytest.mark.parametrize(("kind", "fixes"), [(Seen, 0), (Moved, 0), (Recorded, ALL), (Streamed, ALL)])
async def test_everything_is_committed_and_published(
    streams: StreamStore, settings: Settings, kind: type[Report], fixes: int
) -> None:
    assert await ours.settling(settings, kind, COUNT, vehicles=VEHICLES) > 0
    stateful = kind is not Seen
    published = sum((await streams.lengths(BENCH.streams("events"))).values())
    async with rows(settings) as found:
        assert found == {
            "inbox": ALL,
            "states": VEHICLES if stateful else 0,
            "fixes": fixes,
            "outbox": ALL if stateful else 0,
        }
    assert published == (ALL if stateful else 0)


async def test_it_can_be_measured_again_on_the_same_data(settings: Settings) -> None:
    for _ in range(2):
        await ours.settling(settings, Moved, COUNT, vehicles=VEHICLES)
    async with rows(settings) as found:
        assert found["inbox"] == 2 * ALL


async def test_every_question_is_timed(settings: Settings) -> None:
    took_s = await ours.asking(settings, 20)
    assert len(took_s) == 20
    assert all(0 < one < 10 for one in took_s)
