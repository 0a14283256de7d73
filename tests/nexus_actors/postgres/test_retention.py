"""Partitions by the day: made ahead, also where rows of that day have come too early, and dropped when their time is over."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import anyio
import pytest

from bus import keyed_id, new_id
from nexus_actors.postgres.pool import DatabasePool, open_pool
from nexus_actors.postgres.retention import keep
from nexus_actors.worker.host import migrate_platform, migrate_service
from tests.nexus_actors.runtime.counter import counter

pytestmark = pytest.mark.anyio

TODAY = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[DatabasePool]:
    async with (
        open_pool(database_url, schema="nexus", application_name="test") as shared,
        open_pool(database_url, schema=counter.schema, application_name="test") as own,
    ):
        await migrate_platform(shared)
        await migrate_service(own, counter)
        yield own


async def remember(pool: DatabasePool, *ids: UUID) -> None:
    await pool.executemany("INSERT INTO inbox (message_id) VALUES ($1)", [(message_id,) for message_id in ids])


async def where(pool: DatabasePool, table: str, column: str, value: object) -> str:
    found: str = await pool.fetchval(f"SELECT tableoid::regclass::text FROM {table} WHERE {column} = $1", value)  # noqa: S608
    return found


async def test_partitions_are_made_for_today_and_two_days_ahead(pool: DatabasePool) -> None:
    for _ in range(2):
        assert await keep(pool, counter.name, TODAY, 3, 7) == []
    ids = [new_id(NOON + timedelta(days=n)) for n in range(-1, 4)]
    await remember(pool, *ids)
    places = [await where(pool, "inbox", "message_id", message_id) for message_id in ids]
    assert places == ["inbox_other", "inbox_20260310", "inbox_20260311", "inbox_20260312", "inbox_other"]


async def test_rows_that_came_before_their_day_move_into_its_partition(pool: DatabasePool) -> None:
    await keep(pool, counter.name, TODAY, 3, 7)
    midnight = datetime(2026, 3, 13, tzinfo=UTC)
    early = [new_id(midnight), new_id(midnight + timedelta(hours=23, minutes=59, seconds=59))]
    later, keyed = new_id(midnight + timedelta(days=1)), keyed_id("an", "idempotency key")
    await remember(pool, *early, later, keyed)
    await pool.execute(
        "INSERT INTO outbox (partition, seq, stream, message_id, body, committed_at) VALUES (0, 1, 's', $1, '', $2)",
        early[0],
        midnight,
    )
    await keep(pool, counter.name, TODAY + timedelta(days=1), 3, 7)
    assert {await where(pool, "inbox", "message_id", one) for one in early} == {"inbox_20260313"}
    assert {await where(pool, "inbox", "message_id", one) for one in (later, keyed)} == {"inbox_other"}
    assert await where(pool, "outbox", "seq", 1) == "outbox_20260313"
    with pytest.raises(Exception, match="duplicate key"):
        await remember(pool, early[0])


async def test_old_partitions_are_dropped_and_old_ids_without_a_time_forgotten(pool: DatabasePool) -> None:
    old, new = keyed_id("old"), keyed_id("new")
    await remember(pool, old, new)
    await pool.execute("UPDATE inbox SET handled_at = $1 WHERE message_id = $2", NOON - timedelta(days=1), old)
    for day in range(4):
        assert await keep(pool, counter.name, TODAY + timedelta(days=day), 3, 7) == []
        await remember(pool, new_id(NOON + timedelta(days=day)))
    assert await keep(pool, counter.name, TODAY + timedelta(days=4), 3, 7) == ["inbox_20260310"]
    assert await pool.fetchval("SELECT count(*) FROM inbox WHERE message_id = ANY($1::uuid[])", [old, new]) == 1
    assert await pool.fetchval("SELECT count(*) FROM inbox") == 4


async def test_days_on_which_nothing_was_handled_do_not_count(pool: DatabasePool) -> None:
    last, keyed = new_id(NOON), keyed_id("an", "idempotency key")
    await keep(pool, counter.name, TODAY, 2, 7)
    await remember(pool, last, keyed)
    await pool.execute("UPDATE inbox SET handled_at = $1", NOON)
    back = TODAY + timedelta(days=100)
    for day in range(2):
        assert "inbox_20260310" not in await keep(pool, counter.name, back + timedelta(days=day), 2, 7)
        assert await pool.fetchval("SELECT count(*) FROM inbox WHERE message_id = ANY($1::uuid[])", [last, keyed]) == 2
        await remember(pool, new_id(NOON + timedelta(days=100 + day)))
    assert "inbox_20260310" in await keep(pool, counter.name, back + timedelta(days=2), 2, 7)
    assert await pool.fetchval("SELECT count(*) FROM inbox") == 2


async def test_an_outbox_is_kept_until_it_need_never_be_published_again(pool: DatabasePool) -> None:
    await keep(pool, counter.name, TODAY, 3, 7)
    await pool.execute("INSERT INTO nexus.leases (service, partition, published_seq) VALUES ($1, 0, 1)", counter.name)
    written = "INSERT INTO outbox (partition, seq, stream, message_id, body, committed_at) VALUES (0, 1, 's', $1, '', $2)"
    await pool.execute(written, new_id(NOON), NOON)
    back = TODAY + timedelta(days=100)
    assert "outbox_20260310" not in await keep(pool, counter.name, back, 3, 7)
    await pool.execute("UPDATE nexus.leases SET safe_seq = 1 WHERE service = $1", counter.name)
    assert await keep(pool, counter.name, back, 3, 7) == ["outbox_20260310"]


async def test_two_workers_tidy_up_at_once_while_turns_are_committed(pool: DatabasePool) -> None:
    stop = anyio.Event()

    async def commit() -> None:
        while not stop.is_set():
            await remember(pool, *(new_id(NOON + timedelta(days=n)) for n in range(6)))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(commit)
        for n in range(4):
            async with anyio.create_task_group() as both:
                for _ in range(2):
                    both.start_soon(keep, pool, counter.name, TODAY + timedelta(days=n), 3, 7)
        stop.set()
    places: list[Any] = await pool.fetch("SELECT DISTINCT tableoid::regclass::text AS place FROM inbox ORDER BY 1")
    assert [row["place"] for row in places] == [f"inbox_202603{day}" for day in range(10, 16)]
