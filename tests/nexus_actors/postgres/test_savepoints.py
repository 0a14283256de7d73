"""Savepoints, and what a transaction of a turn may not be sent, on a real server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio
import asyncpg
import pytest

from nexus_actors.errors import DatabaseUnavailable, StatementFailed, TransactionAborted
from nexus_actors.postgres.database import PostgresTransaction, open_transaction
from nexus_actors.postgres.pool import open_pool
from nexus_actors.postgres.statement import StatementRefused

if TYPE_CHECKING:
    from asyncpg import Pool

pytestmark = pytest.mark.anyio

PUT = "INSERT INTO things VALUES ($1, $2)"


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator["Pool[Any]"]:
    async with open_pool(database_url, schema="public", application_name="test", max_size=4) as pool:
        await pool.execute("CREATE TABLE things (id int CONSTRAINT one_each PRIMARY KEY, name text NOT NULL)")
        await pool.execute("CREATE TABLE events (at timestamptz NOT NULL)")
        yield pool


async def ids(pool: "Pool[Any]") -> list[int]:
    return [row["id"] for row in await pool.fetch("SELECT id FROM things ORDER BY id")]


Step = Callable[[PostgresTransaction], Awaitable[object]]


def put(number: int, name: str | None = "x") -> Step:
    """Add a row at once."""
    return lambda opened: opened.execute(PUT, number, name)


def add(number: int) -> Step:
    """Add a row in passing."""

    async def step(opened: PostgresTransaction) -> None:
        opened.insert("things", id=number, name="x")

    return step


def nested(*steps: Step) -> Step:
    """Do steps in a savepoint."""
    return lambda opened: in_savepoint(opened, *steps)


async def lose_heart(_: PostgresTransaction) -> None:
    """Raise what has nothing to do with SQL."""
    raise LookupError


async def fail_unheard(opened: PostgresTransaction) -> None:
    """Send a statement that fails, and go on."""
    with pytest.raises(asyncpg.NotNullViolationError):
        await opened.execute(PUT, 1, None)


async def in_savepoint(opened: PostgresTransaction, *steps: Step) -> None:
    async with opened.savepoint():
        for step in steps:
            await step(opened)


@pytest.mark.parametrize("again", [put(1), add(1)])
async def test_a_statement_that_fails_in_a_savepoint_can_be_caught(pool: "Pool[Any]", again: Step) -> None:
    async with open_transaction(pool) as opened:
        opened.insert("things", id=1, name="a")
        with pytest.raises(StatementFailed, match="UniqueViolationError: duplicate key") as caught:
            await in_savepoint(opened, put(2), add(3), again)
        assert (caught.value.sqlstate, caught.value.constraint) == ("23505", "one_each")
        opened.insert("things", id=4, name="d")
        await opened.commit()
    assert await ids(pool) == [1, 4]


async def test_what_is_raised_in_a_savepoint_undoes_it_and_passes(pool: "Pool[Any]") -> None:
    async with open_transaction(pool) as opened:
        with pytest.raises(LookupError):
            await in_savepoint(opened, add(1), lose_heart)
        await opened.commit()
    assert await ids(pool) == []


async def test_savepoints_nest(pool: "Pool[Any]") -> None:
    async with open_transaction(pool) as opened:
        async with opened.savepoint():
            opened.insert("things", id=1, name="a")
            with pytest.raises(StatementFailed):
                await in_savepoint(opened, put(2), nested(put(1)))
            await in_savepoint(opened, put(3))
        with pytest.raises(LookupError):
            await in_savepoint(opened, nested(put(4)), lose_heart)
        await opened.commit()
    assert await ids(pool) == [1, 3]


async def test_what_a_savepoint_undoes_does_not_count_as_written(pool: "Pool[Any]") -> None:
    async with open_transaction(pool) as opened:
        with pytest.raises(StatementFailed):
            await in_savepoint(opened, put(1), put(1))
        assert opened.writes == 0
        async with opened.savepoint():
            await opened.execute(PUT, 1, "a")
        assert opened.writes == 1


async def test_a_cancelled_statement_in_a_savepoint_is_undone_and_the_turn_goes_on(pool: "Pool[Any]") -> None:
    async with open_transaction(pool) as opened:
        with anyio.move_on_after(0.05) as scope:
            async with opened.savepoint():
                await opened.execute(PUT, 1, "undone")
                await opened.fetchval("SELECT pg_sleep(20)")
        assert scope.cancelled_caught
        await opened.execute(PUT, 2, "b")
        await opened.commit()
    assert await ids(pool) == [2]


async def test_a_connection_that_is_lost_in_a_savepoint_is_unavailable(pool: "Pool[Any]") -> None:
    async def lose(opened: PostgresTransaction) -> None:
        pid = await opened.fetchval("SELECT pg_backend_pid()")
        assert await pool.fetchval("SELECT pg_terminate_backend($1, 30000)", pid)
        await opened.fetchval("SELECT 1")

    async with open_transaction(pool) as opened:
        with pytest.raises(DatabaseUnavailable):
            await in_savepoint(opened, lose)
        with pytest.raises(DatabaseUnavailable):
            await opened.execute(PUT, 1, "a")


async def test_an_error_that_is_caught_without_a_savepoint_dooms_the_turn_with_words(pool: "Pool[Any]") -> None:
    words = r"(?s)failed before \(NotNullViolationError: .* in a savepoint: `async with ctx\.db\.savepoint\(\):`"
    async with open_transaction(pool) as opened:
        await fail_unheard(opened)
        with pytest.raises(TransactionAborted, match=words):
            await opened.fetchval("SELECT 1")
        with pytest.raises(TransactionAborted, match=words):
            await opened.commit()
    assert await ids(pool) == []


async def test_an_error_that_is_caught_inside_a_savepoint_dooms_the_savepoint_alone(pool: "Pool[Any]") -> None:
    async with open_transaction(pool) as opened:
        with pytest.raises(TransactionAborted, match="NotNullViolationError"):
            await in_savepoint(opened, fail_unheard)
        await opened.execute(PUT, 2, "b")
        await opened.commit()
    assert await ids(pool) == [2]


@pytest.mark.parametrize("sql", ["COMMIT", "/* */ rollback", "SELECT 1; COMMIT", "SET statement_timeout = 0"])
async def test_a_statement_that_is_the_runtimes_is_not_sent(pool: "Pool[Any]", sql: str) -> None:
    async with open_transaction(pool) as opened:
        await opened.execute(PUT, 1, "a")
        for send in (opened.execute, opened.fetch, opened.fetchrow, opened.fetchval):
            with pytest.raises(StatementRefused):
                await send(sql)
        with pytest.raises(StatementRefused):
            await opened.executemany(sql, [])
        assert opened.statements == 1
    assert await ids(pool) == []


NAIVE = datetime(2026, 11, 30)  # noqa: DTZ001 - that is what is tested
AWARE = NAIVE.replace(tzinfo=UTC)


async def insert_naive(opened: PostgresTransaction) -> None:
    opened.insert("events", at=NAIVE)


@pytest.mark.parametrize(
    "write",
    [
        lambda opened: opened.fetchval("SELECT $1::timestamptz", NAIVE),
        lambda opened: opened.fetch("SELECT unnest($1::timestamptz[])", [AWARE, NAIVE]),
        lambda opened: opened.executemany("INSERT INTO events VALUES ($1)", [(AWARE,), (NAIVE,)]),
        insert_naive,
    ],
)
async def test_an_instant_without_a_time_zone_is_refused_where_it_is_written(pool: "Pool[Any]", write: Step) -> None:
    async with open_transaction(pool) as opened:
        with pytest.raises(ValueError, match="2026-11-30T00:00:00 has no time zone"):
            await write(opened)
        await opened.executemany("INSERT INTO events VALUES ($1)", iter([(AWARE,)]))
        await opened.commit()
    assert await pool.fetchval("SELECT array_agg(at) FROM events") == [AWARE]
