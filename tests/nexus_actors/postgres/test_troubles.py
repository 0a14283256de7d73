"""What PostgreSQL says when it cannot work, and what is made of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import anyio
import asyncpg
import pytest
from asyncpg.exceptions import PostgresError

from nexus_actors.errors import (
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseTroubled,
    DatabaseUnavailable,
    StatementFailed,
    TransactionAborted,
)
from nexus_actors.postgres.database import PostgresDatabase, open_transaction
from nexus_actors.postgres.patience import FULL_MS, SHORT_FOR_S, LockPatience
from nexus_actors.postgres.pool import open_pool
from nexus_actors.postgres.troubles import OF_THE_SERVER, OF_THE_STATEMENT, refused_entry, trouble_of
from nexus_actors.runtime.batch import LONGEST_S

if TYPE_CHECKING:
    from asyncpg import Pool

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator["Pool[Any]"]:
    async with open_pool(database_url, schema="public", application_name="test", max_size=2, lock_timeout_ms=50) as pool:
        await pool.execute("CREATE TABLE things (id int PRIMARY KEY, name text)")
        yield pool


@asynccontextmanager
async def other(database_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()


def error(sqlstate: str) -> Exception:
    made: Exception = PostgresError.new({"C": sqlstate, "M": "said"})
    return made


@pytest.mark.parametrize("sqlstate", OF_THE_SERVER)
def test_what_concerns_the_server_is_a_trouble_of_everybody(sqlstate: str) -> None:
    trouble = trouble_of(error(sqlstate))
    assert trouble is not None
    assert not isinstance(trouble, DatabaseBusy)
    assert OF_THE_SERVER[sqlstate] in trouble.reason
    assert "said" not in trouble.reason, "what everybody may read stays the same while it lasts"


@pytest.mark.parametrize("sqlstate", OF_THE_STATEMENT)
def test_what_concerns_a_table_or_row_makes_one_key_wait(sqlstate: str) -> None:
    trouble = trouble_of(error(sqlstate))
    assert isinstance(trouble, DatabaseBusy)
    assert isinstance(trouble, DatabaseDamaged) == ("damaged" in str(trouble) or "file" in str(trouble))


@pytest.mark.parametrize("sqlstate", ["22003", "23505", "25P02", "42501", "42P01", "53400", "54000", "57014", "XX000", "P0001"])
def test_what_a_statement_does_itself_is_its_own_fault(sqlstate: str) -> None:
    assert trouble_of(error(sqlstate)) is None


@pytest.mark.parametrize("sqlstate", ["28P01", "28000", "3D000", "55000", "42501", "53300", "57P03"])
def test_who_is_not_taken_in_has_done_nothing_wrong(sqlstate: str) -> None:
    trouble = refused_entry(error(sqlstate))
    assert trouble is not None
    assert not isinstance(trouble, DatabaseBusy)


async def test_a_database_that_is_read_only_is_in_trouble_until_it_is_not(pool: "Pool[Any]", database_url: str) -> None:
    db = PostgresDatabase(pool)
    async with other(database_url) as admin:
        name = await admin.fetchval("SELECT current_database()")
        await admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        await pool.expire_connections()
        with pytest.raises(DatabaseTroubled, match="read-only"):
            await db.fetchval("INSERT INTO things VALUES (1) RETURNING id")
        with pytest.raises(DatabaseTroubled, match="read-only"):
            async with open_transaction(pool) as transaction:
                await transaction.execute("INSERT INTO things VALUES (1)")
        assert await db.fetchval("SELECT count(*) FROM things") == 0
        await pool.expire_connections()
        with pytest.raises(DatabaseTroubled):
            await db.fetchval("INSERT INTO things VALUES (1) RETURNING id")
        await admin.execute("SET default_transaction_read_only = off")
        await admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    assert await db.fetchval("INSERT INTO things VALUES (1) RETURNING id") == 1, "a session that was made read-only is left"


@pytest.mark.parametrize("sqlstate", OF_THE_SERVER)
async def test_a_trouble_of_the_server_that_a_new_session_does_not_meet_is_the_statements_fault(
    pool: "Pool[Any]", sqlstate: str
) -> None:
    accuse = f"DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '{sqlstate}'; END $$"
    async with open_transaction(pool) as transaction:
        with pytest.raises(StatementFailed, match="no room It sounds like a trouble of the server") as failed:
            async with transaction.savepoint():
                await transaction.execute(accuse)
        assert failed.value.sqlstate == sqlstate
        await transaction.execute("INSERT INTO things VALUES (1)")
        await transaction.commit()
    async with open_transaction(pool) as transaction:
        with pytest.raises(StatementFailed):
            await transaction.execute(accuse)
        with pytest.raises(TransactionAborted, match="no room"):
            await transaction.execute("INSERT INTO things VALUES (2)")
    assert await pool.fetch("SELECT id FROM things") == [(1,)]
    left = "SELECT count(*) FROM pg_class WHERE relname LIKE 'probe%'"
    assert await pool.fetchval(left) == 0, "what a new session has tried is undone"


@pytest.mark.parametrize("setting", ["transaction_read_only", "default_transaction_read_only"])
async def test_a_session_that_was_made_read_only_is_not_taken_for_the_server(pool: "Pool[Any]", setting: str) -> None:
    """Whatever is left of it in the session, the next transaction does not meet it."""
    async with open_transaction(pool) as transaction:
        await transaction.fetchval("SELECT set_config($1, 'on', false)", setting)
        if setting == "transaction_read_only":
            with pytest.raises(StatementFailed, match="read-only"):
                await transaction.execute("INSERT INTO things VALUES (1)")
        else:
            await transaction.commit()
    for _ in range(2):
        async with open_transaction(pool) as transaction:
            try:
                await transaction.execute("INSERT INTO things VALUES (1)")
            except StatementFailed:
                continue
            await transaction.commit()
            break
    assert await pool.fetchval("SELECT count(*) FROM things") == 1


async def test_who_writes_through_a_pool_for_reading_has_made_a_mistake(pool: "Pool[Any]", database_url: str) -> None:
    async with open_pool(database_url, schema="public", application_name="test", read_only=True) as reads:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await PostgresDatabase(reads, read_only=True).fetchval("INSERT INTO things VALUES (1)")


async def test_a_lock_of_another_makes_a_statement_wait(pool: "Pool[Any]", database_url: str) -> None:
    patience = LockPatience()
    async with other(database_url) as migration:
        async with migration.transaction():
            await migration.execute("LOCK TABLE things IN SHARE MODE")
            async with open_transaction(pool, patience) as transaction:
                with pytest.raises(DatabaseBusy, match="lock"):
                    await transaction.execute("INSERT INTO things VALUES (1)")
            assert patience.is_short
            async with open_transaction(pool, patience) as transaction:
                assert await transaction.fetchval("SHOW lock_timeout") == "5ms"
                with pytest.raises(DatabaseBusy):
                    await transaction.execute("INSERT INTO things VALUES (1)")
        async with open_transaction(pool, patience) as transaction:
            await transaction.execute("INSERT INTO things VALUES (1)")
            await transaction.commit()
    async with open_transaction(pool) as transaction:
        assert await transaction.fetchval("SHOW lock_timeout") == "50ms", "it ends with its transaction"


def test_patience_is_short_for_a_while_after_somebody_has_waited_in_vain() -> None:
    now = 0.0
    patience = LockPatience(lambda: now)
    assert patience.begin == "BEGIN"
    for _ in range(2):
        with pytest.raises(DatabaseBusy), patience.watched():
            raise DatabaseBusy("locked") from asyncpg.LockNotAvailableError("locked")
        assert patience.begin != "BEGIN"
        now += SHORT_FOR_S / 2
    assert not patience.is_short, "one in ten seconds may wait for long, or a lock that is in demand is never got"


def test_a_batch_that_is_as_long_as_it_may_be_is_waited_for() -> None:
    assert FULL_MS / 1_000 >= 4 * LONGEST_S


def test_a_trouble_that_is_no_wait_for_a_lock_leaves_patience_as_it_is() -> None:
    patience = LockPatience(lambda: 0.0)
    with pytest.raises(DatabaseBusy), patience.watched():
        raise DatabaseBusy("damaged") from asyncpg.DataCorruptedError("damaged")
    assert patience.begin == "BEGIN"


async def test_a_table_that_a_migration_changes_between_two_uses_is_read_anew(pool: "Pool[Any]", database_url: str) -> None:
    query = "SELECT * FROM things"
    async with open_transaction(pool) as transaction, other(database_url) as migration:
        await transaction.fetch(query)
        await transaction.commit()
        await migration.execute("ALTER TABLE things ADD COLUMN colour text")
    async with open_transaction(pool) as transaction:
        with pytest.raises(DatabaseBusy, match="migration"):
            await transaction.fetch(query)
    async with open_transaction(pool) as transaction:
        assert await transaction.fetch(query) == []


async def test_rows_that_wait_for_each_other_in_a_circle_are_nobodys_fault(database_url: str) -> None:
    async with open_pool(database_url, schema="public", application_name="test", max_size=3) as pool:
        await pool.execute("CREATE TABLE things (id int PRIMARY KEY, n int)")
        await pool.execute("INSERT INTO things VALUES (1, 0), (2, 0)")
        async with open_transaction(pool) as one, other(database_url) as two, two.transaction():
            await two.execute("SET LOCAL deadlock_timeout = '10s'")
            await two.execute("UPDATE things SET n = 2 WHERE id = 2")
            await one.execute("UPDATE things SET n = 1 WHERE id = 1")
            await one.execute("SET LOCAL deadlock_timeout = '10ms'")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(two.execute, "UPDATE things SET n = 2 WHERE id = 1")
                while not await pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                    pass
                with pytest.raises(DatabaseBusy, match="each other"):
                    await one.execute("UPDATE things SET n = 1 WHERE id = 2")
                await one.roll_back()


async def test_a_password_that_was_changed_is_waited_for(pool: "Pool[Any]", database_url: str) -> None:
    async with other(database_url) as admin:
        await admin.execute("CREATE ROLE guest LOGIN PASSWORD 'old'")
        parts = urlsplit(database_url)
        as_guest = urlunsplit(parts._replace(netloc=f"guest:old@{parts.hostname}:{parts.port}"))
        try:
            async with open_pool(as_guest, schema="public", application_name="test") as guests:
                db = PostgresDatabase(guests)
                assert await db.fetchval("SELECT 1") == 1
                await admin.execute("ALTER ROLE guest PASSWORD 'new'")
                await guests.expire_connections()
                with pytest.raises(DatabaseTroubled, match="does not take us in") as refused:
                    await db.fetchval("SELECT 1")
                assert "guest" not in refused.value.reason
                await admin.execute("ALTER ROLE guest PASSWORD 'old'")
                assert await db.fetchval("SELECT 1") == 1
        finally:
            await admin.execute("DROP ROLE guest")


async def test_a_connection_that_an_administrator_ends_is_no_unexplained_loss(pool: "Pool[Any]", database_url: str) -> None:
    async def end(pid: int) -> None:
        async with other(database_url) as admin:
            while await admin.fetchval("SELECT wait_event FROM pg_stat_activity WHERE pid = $1", pid) != "PgSleep":
                pass
            await admin.fetchval("SELECT pg_terminate_backend($1)", pid)

    async with open_transaction(pool) as transaction, anyio.create_task_group() as tasks:
        tasks.start_soon(end, await transaction.fetchval("SELECT pg_backend_pid()"))
        with pytest.raises(DatabaseTroubled, match="administrator"):
            await transaction.fetchval("SELECT pg_sleep(20)")


async def test_a_session_that_its_handler_kept_waiting_is_a_loss_that_it_may_have_caused(pool: "Pool[Any]") -> None:
    async with open_transaction(pool) as transaction:
        await transaction.execute("SET LOCAL idle_in_transaction_session_timeout = '10ms'")
        await anyio.sleep(0.5)
        with pytest.raises(DatabaseUnavailable) as lost:
            await transaction.fetchval("SELECT 1")
        assert not isinstance(lost.value, DatabaseTroubled)
