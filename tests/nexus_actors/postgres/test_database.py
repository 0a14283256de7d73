"""The read side and the turn's transaction, on a real server."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import anyio
import asyncpg
import pytest

from nexus_actors.database import Database, Transaction
from nexus_actors.errors import DatabaseUnavailable, TransactionAborted
from nexus_actors.postgres.database import PostgresDatabase, open_transaction
from nexus_actors.postgres.pool import open_pool

if TYPE_CHECKING:
    from asyncpg import Pool

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator["Pool[Any]"]:
    async with open_pool(database_url, schema="public", application_name="test", max_size=4) as pool:
        await pool.execute("CREATE TABLE things (id int PRIMARY KEY, name text NOT NULL)")
        yield pool


async def count(pool: "Pool[Any]") -> int:
    found: int = await pool.fetchval("SELECT count(*) FROM things")
    return found


async def cut_all(database_url: str) -> None:
    """End every connection of the pool from outside, as a restart of the server does."""
    other = await asyncpg.connect(database_url)
    await other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test'")
    await other.close()


async def test_rows_are_read_by_the_names_of_their_columns(pool: "Pool[Any]") -> None:
    db: Database = PostgresDatabase(pool)
    await pool.execute("INSERT INTO things VALUES (1, 'a'), (2, 'b')")
    rows = await db.fetch("SELECT id, name FROM things WHERE id > $1 ORDER BY id", 0)
    assert [dict(row) for row in rows] == [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]
    row = await db.fetchrow("SELECT name FROM things WHERE id = $1", 2)
    assert row is not None
    assert row["name"] == "b"
    with pytest.raises(KeyError):
        row["nothing"]
    assert await db.fetchrow("SELECT name FROM things WHERE id = $1", 3) is None
    assert await db.fetchval("SELECT max(id) FROM things") == 2


async def test_a_wrong_statement_is_not_taken_for_a_lost_connection(pool: "Pool[Any]") -> None:
    db = PostgresDatabase(pool)
    with pytest.raises(asyncpg.UndefinedTableError):
        await db.fetch("SELECT * FROM nowhere")
    with pytest.raises(asyncpg.DataError):
        await db.fetch("SELECT $1::int", "text")
    with pytest.raises(asyncpg.InterfaceError):
        await db.fetch("SELECT $1::int")


async def test_reads_of_a_lost_connection_say_so_and_the_next_ones_work(pool: "Pool[Any]", database_url: str) -> None:
    db = PostgresDatabase(pool)
    async with anyio.create_task_group() as group:
        group.start_soon(cut_soon, database_url)
        with pytest.raises(DatabaseUnavailable):
            await db.fetchval("SELECT pg_sleep(20)")
    assert await db.fetchval("SELECT 1") == 1


async def cut_soon(database_url: str) -> None:
    await anyio.sleep(0.2)
    await cut_all(database_url)


async def test_reads_after_the_pool_is_closed_say_that_the_database_is_away(database_url: str) -> None:
    async with open_pool(database_url, schema="public", application_name="test") as pool:
        db = PostgresDatabase(pool)
    with pytest.raises(DatabaseUnavailable):
        await db.fetchval("SELECT 1")


async def test_a_cancelled_read_gives_its_connection_back(pool: "Pool[Any]") -> None:
    db = PostgresDatabase(pool)
    for _ in range(8):
        with anyio.move_on_after(0.05) as scope:
            await db.fetchval("SELECT pg_sleep(20)")
        assert scope.cancelled_caught
    with anyio.fail_after(5):
        assert await db.fetchval("SELECT 1") == 1


async def test_a_transaction_lasts_only_when_it_is_committed(pool: "Pool[Any]") -> None:
    async with open_transaction(pool) as opened:
        await opened.execute("INSERT INTO things VALUES (1, 'a')")
    assert await count(pool) == 0
    async with open_transaction(pool) as opened:
        assert await opened.execute("INSERT INTO things VALUES (1, 'a')") == "INSERT 0 1"
        await opened.executemany("INSERT INTO things VALUES ($1, $2)", [(n, "b") for n in range(2, 5)])
        assert await opened.fetchval("SELECT count(*) FROM things") == 4
        assert await count(pool) == 0
        await opened.commit()
    assert await count(pool) == 4


async def test_a_transaction_takes_a_connection_with_its_first_statement(pool: "Pool[Any]") -> None:
    async with open_transaction(pool) as opened:
        assert (opened.begun, opened.statements, opened.writes) == (False, 0, 0)
        assert pool.get_size() - pool.get_idle_size() == 0
        await opened.fetchval("\n  select 1")
        assert (opened.begun, opened.statements, opened.writes) == (True, 1, 0)
        await opened.fetchrow("WITH gone AS (DELETE FROM things RETURNING 1) SELECT count(*) FROM gone")
        assert (opened.statements, opened.writes) == (2, 1)
        await opened.commit()
    assert pool.get_size() - pool.get_idle_size() == 0
    async with open_transaction(pool) as unused:
        await unused.commit()
        assert not unused.begun


async def test_handlers_at_the_same_time_do_not_collide(pool: "Pool[Any]") -> None:
    async def work(db: Transaction, number: int) -> None:
        await db.execute("INSERT INTO things VALUES ($1, 'x')", number)
        assert await db.fetchval("SELECT id FROM things WHERE id = $1", number) == number

    async with open_transaction(pool) as opened:
        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(work, opened, number)
        await opened.commit()
    assert await count(pool) == 20


async def test_a_failure_inside_undoes_everything_and_passes_through(pool: "Pool[Any]") -> None:
    async def turn() -> None:
        async with open_transaction(pool) as opened:
            await opened.execute("INSERT INTO things VALUES (1, 'a')")
            await opened.execute("INSERT INTO things VALUES (1, 'b')")
            await opened.commit()

    with pytest.raises(asyncpg.UniqueViolationError):
        await turn()
    assert await count(pool) == 0


async def test_a_swallowed_failure_does_not_pass_for_a_commit(pool: "Pool[Any]") -> None:
    async with open_transaction(pool) as opened:
        await opened.execute("INSERT INTO things VALUES (1, 'a')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await opened.execute("INSERT INTO things VALUES (1, 'b')")
        with pytest.raises(TransactionAborted):
            await opened.commit()
    assert await count(pool) == 0


async def test_nothing_runs_in_a_transaction_that_has_ended(pool: "Pool[Any]") -> None:
    async with open_transaction(pool) as opened:
        await opened.execute("INSERT INTO things VALUES (1, 'a')")
        await opened.commit()
        with pytest.raises(RuntimeError, match="has ended"):
            await opened.execute("INSERT INTO things VALUES (2, 'b')")
    assert await count(pool) == 1


async def test_a_cancelled_turn_is_rolled_back_and_gives_its_connection_back(pool: "Pool[Any]") -> None:
    for number in range(8):
        with anyio.move_on_after(0.05):
            async with open_transaction(pool) as opened:
                await opened.execute("INSERT INTO things VALUES ($1, 'a')", number)
                await opened.fetchval("SELECT pg_sleep(20)")
                await opened.commit()
    with anyio.fail_after(5):
        assert await count(pool) == 0
    assert pool.get_size() - pool.get_idle_size() == 0


async def test_a_cancellation_between_statements_rolls_back_without_a_word_in_the_log(
    pool: "Pool[Any]", caplog: pytest.LogCaptureFixture
) -> None:
    with anyio.CancelScope() as scope:
        async with open_transaction(pool) as opened:
            await opened.execute("INSERT INTO things VALUES (1, 'a')")
            scope.cancel()
            await anyio.sleep(1)
    assert await count(pool) == 0
    assert not caplog.records


async def test_a_connection_lost_in_a_turn_is_told_as_such(pool: "Pool[Any]", database_url: str) -> None:
    async with open_transaction(pool) as opened:
        await opened.execute("INSERT INTO things VALUES (1, 'a')")
        await cut_all(database_url)
        await anyio.sleep(0.1)
        with pytest.raises(DatabaseUnavailable):
            await opened.execute("INSERT INTO things VALUES (2, 'b')")
        with pytest.raises(DatabaseUnavailable):
            await opened.commit()
    assert await PostgresDatabase(pool).fetchval("SELECT count(*) FROM things") == 0
    assert pool.get_size() - pool.get_idle_size() == 0


async def test_a_read_waits_for_a_free_connection_and_then_gives_up(pool: "Pool[Any]", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nexus_actors.postgres.database._FREE_WITHIN_S", 0.1)
    held = [await pool.acquire() for _ in range(4)]
    with pytest.raises(DatabaseUnavailable):
        await PostgresDatabase(pool).fetchval("SELECT 1")
    for connection in held:
        await pool.release(connection)
    assert await PostgresDatabase(pool).fetchval("SELECT 1") == 1
