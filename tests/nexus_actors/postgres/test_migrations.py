"""Migrations: each step once, in order, all or nothing, one process at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_actors.errors import DatabaseUnavailable, MigrationError
from nexus_actors.postgres.migration import MigrationSource, read_migrations
from nexus_actors.postgres.migrations import applied_migrations, breaking, migrate, schema_of
from nexus_actors.postgres.pool import open_pool
from nexus_actors.postgres.statement import first_words

if TYPE_CHECKING:
    from asyncpg import Connection, Pool

anyio_test = pytest.mark.anyio


def source(folder: Path, name: str = "service", **files: str) -> MigrationSource:
    """A source with these files; ``m0001_a="..."`` is ``0001_a.sql``."""
    target = folder / name
    target.mkdir(exist_ok=True)
    for file, sql in files.items():
        (target / f"{file.removeprefix('m')}.sql").write_text(sql)
    return MigrationSource(name, target)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator["Pool[Any]"]:
    async with open_pool(database_url, schema="tracker_ms", application_name="test", max_size=5) as pool:
        yield pool


@asynccontextmanager
async def connected(database_url: str, **settings: str) -> AsyncIterator["Connection[Any]"]:
    """A connection outside of the pool. It is closed whatever happens: uvloop does not take a forgotten one lightly."""
    connection = await asyncpg.connect(database_url, server_settings=settings)
    try:
        yield connection
    finally:
        await connection.close()


async def run(pool: "Pool[Any]", *sources: MigrationSource, schema: str = "tracker_ms") -> list[str]:
    async with pool.acquire() as connection:
        return [f"{step.source}/{step.version}_{step.name}" for step in await migrate(connection, schema, sources)]


async def tables(pool: "Pool[Any]") -> set[str]:
    rows = await pool.fetch("SELECT table_name FROM information_schema.tables WHERE table_schema = 'tracker_ms'")
    return {row["table_name"] for row in rows} - {"schema_migrations"}


@anyio_test
async def test_steps_that_keep_earlier_releases_out_are_told_unless_the_schema_is_new(
    pool: "Pool[Any]", tmp_path: Path
) -> None:
    steps = source(tmp_path, m0001_a="CREATE TABLE a (id int)", m0002_breaks_b="CREATE TABLE b (id int)")
    others = source(tmp_path, "other", m0001_breaks_d="CREATE TABLE d (id int)")
    async with pool.acquire() as connection:
        assert breaking(await migrate(connection, "tracker_ms", [steps])) == []
        steps = source(tmp_path, m0003_breaks_c="CREATE TABLE c (id int)")
        assert breaking(await migrate(connection, "tracker_ms", [others, steps])) == ["service/0003_breaks_c"]
        assert breaking(await migrate(connection, "tracker_ms", [others, steps])) == []


@anyio_test
async def test_steps_are_applied_once_and_in_order_in_the_schema(pool: "Pool[Any]", tmp_path: Path) -> None:
    steps = source(tmp_path, m0001_trips="CREATE TABLE trips (id int)", m0002_stops="CREATE TABLE stops AS TABLE trips;")
    assert await run(pool, steps) == ["service/1_trips", "service/2_stops"]
    assert await tables(pool) == {"trips", "stops"}
    assert await run(pool, steps) == []
    source(tmp_path, m0003_more="ALTER TABLE trips ADD name text")
    assert await run(pool, steps) == ["service/3_more"]
    async with pool.acquire() as connection:
        applied = await applied_migrations(connection, "tracker_ms")
    assert [(step.version, step.name) for step in applied] == [(1, "trips"), (2, "stops"), (3, "more")]
    assert [step.sha256 for step in applied] == [step.sha256 for step in read_migrations(steps)]


@anyio_test
async def test_the_runtime_s_steps_come_first_under_numbers_of_their_own(pool: "Pool[Any]", tmp_path: Path) -> None:
    runtime = source(tmp_path, "runtime", m0001_inbox="CREATE TABLE inbox (id uuid)")
    service = source(tmp_path, m0001_trips="CREATE TABLE trips AS TABLE inbox")
    assert await run(pool, runtime, service) == ["runtime/1_inbox", "service/1_trips"]
    source(tmp_path, "runtime", m0002_outbox="CREATE TABLE outbox (id uuid)")
    assert await run(pool, runtime, service) == ["runtime/2_outbox"]


@anyio_test
async def test_each_schema_has_its_own_steps(pool: "Pool[Any]", tmp_path: Path) -> None:
    steps = source(tmp_path, m0001_a="CREATE TABLE a (id int)")
    assert await run(pool, steps) == ["service/1_a"]
    assert await run(pool, steps, schema="location_ms") == ["service/1_a"]


@anyio_test
async def test_a_failed_step_leaves_nothing_and_says_where(pool: "Pool[Any]", tmp_path: Path) -> None:
    steps = source(
        tmp_path,
        m0001_good="CREATE TABLE good (id int)",
        m0002_bad="CREATE TABLE half (id int);\nINSERT INTO half VALUES (1);\nSELECT * FROM nowhere;",
        m0003_later="CREATE TABLE later (id int)",
    )
    with pytest.raises(MigrationError, match=r'service/0002_bad\.sql failed in schema tracker_ms at line 3: .*"nowhere"'):
        await run(pool, steps)
    assert await tables(pool) == {"good"}
    source(tmp_path, m0002_bad="CREATE TABLE mended (id int)")
    assert await run(pool, steps) == ["service/2_bad", "service/3_later"]


@anyio_test
async def test_a_changed_file_is_refused_and_nothing_is_applied(pool: "Pool[Any]", tmp_path: Path) -> None:
    steps = source(tmp_path, m0001_a="CREATE TABLE a (id int)")
    await run(pool, steps)
    source(tmp_path, m0001_a="CREATE TABLE a (id bigint)", m0002_b="CREATE TABLE b (id int)")
    with pytest.raises(MigrationError, match=r"service/0001_a\.sql is not what schema tracker_ms took on \d{4}-"):
        await run(pool, steps)
    assert await tables(pool) == {"a"}


@anyio_test
async def test_other_line_ends_are_the_same_file(pool: "Pool[Any]", tmp_path: Path) -> None:
    steps = source(tmp_path, m0001_a="CREATE TABLE a (\n  id int\n);\n")
    await run(pool, steps)
    (tmp_path / "service" / "0001_a.sql").write_bytes(b"CREATE TABLE a (\r\n  id int\r\n);\r\n")
    assert await run(pool, steps) == []


@anyio_test
async def test_an_earlier_release_goes_on_beside_a_later_one_unless_that_takes_away_what_it_needs(
    pool: "Pool[Any]", tmp_path: Path
) -> None:
    steps = source(tmp_path, m0001_a="CREATE TABLE a (id int)", m0002_b="CREATE TABLE b (id int)")
    await run(pool, steps)
    (tmp_path / "service" / "0002_b.sql").unlink()
    assert await run(pool, steps) == []
    later = {"m0002_b": "CREATE TABLE b (id int)", "m0003_breaks_a": "DROP TABLE a", "m0004_c": "CREATE TABLE c (id int)"}
    steps = source(tmp_path, **later)
    await run(pool, steps)
    for name in later:
        (tmp_path / "service" / f"{name[1:]}.sql").unlink()
    with pytest.raises(MigrationError, match=r"0003_breaks_a\.sql, which this release cannot work with: the database belongs"):
        await run(pool, steps)


@anyio_test
async def test_processes_that_start_together_apply_each_step_once(pool: "Pool[Any]", tmp_path: Path) -> None:
    steps = source(tmp_path, m0001_slow="CREATE TABLE slow (id int); SELECT pg_sleep(0.4)", m0002_b="CREATE TABLE b (id int)")
    done: list[list[str]] = []

    async def one() -> None:
        done.append(await run(pool, steps))

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(one)
    assert sorted(done) == [[], [], [], ["service/1_slow", "service/2_b"]]


@anyio_test
async def test_waiting_for_another_process_outlasts_the_usual_time_outs(
    pool: "Pool[Any]", database_url: str, tmp_path: Path
) -> None:
    steps = source(tmp_path, m0001_slow="SELECT pg_sleep(0.6)")
    async with connected(database_url, statement_timeout="100", lock_timeout="100") as impatient:
        async with anyio.create_task_group() as group:
            group.start_soon(run, pool, steps)
            await anyio.sleep(0.2)
            assert await migrate(impatient, "tracker_ms", [steps]) == []
        assert await impatient.fetchval("SHOW statement_timeout") == "100ms"


@anyio_test
async def test_a_cancelled_step_leaves_nothing_and_no_lock(pool: "Pool[Any]", tmp_path: Path) -> None:
    slow = source(tmp_path, m0001_slow="CREATE TABLE half (id int); SELECT pg_sleep(30)")
    with anyio.move_on_after(0.3) as scope:
        await run(pool, slow)
    assert scope.cancelled_caught
    source(tmp_path, m0001_slow="CREATE TABLE whole (id int)")
    with anyio.fail_after(10):
        assert await run(pool, slow) == ["service/1_slow"]
    assert await tables(pool) == {"whole"}
    assert await pool.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


@anyio_test
async def test_settings_of_a_step_do_not_outlive_it(pool: "Pool[Any]", tmp_path: Path) -> None:
    steps = source(
        tmp_path, m0001_a="SET search_path TO public; CREATE TABLE tracker_ms.a ()", m0002_b="CREATE TABLE b (id int)"
    )
    await run(pool, steps)
    assert await tables(pool) == {"a", "b"}
    for _ in range(pool.get_size()):
        assert await pool.fetchval("SHOW search_path") == "tracker_ms,nexus"
        assert await pool.fetchval("SHOW statement_timeout") == "30s"


@anyio_test
async def test_a_role_that_may_not_make_schemas_migrates_its_own(pool: "Pool[Any]", database_url: str, tmp_path: Path) -> None:
    await pool.execute("DROP ROLE IF EXISTS nexus_test_owner; CREATE ROLE nexus_test_owner")
    await pool.execute("CREATE SCHEMA tracker_ms AUTHORIZATION nexus_test_owner")
    async with connected(database_url) as connection:
        await connection.execute("SET SESSION AUTHORIZATION nexus_test_owner")
        applied = await migrate(connection, "tracker_ms", [source(tmp_path, m0001_a="CREATE TABLE a (id int)")])
        assert [step.name for step in applied] == ["a"]
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await migrate(connection, "other", [])
    await pool.execute("DROP OWNED BY nexus_test_owner; DROP ROLE nexus_test_owner")


@anyio_test
async def test_a_connection_lost_in_a_step_is_no_fault_of_the_file(
    pool: "Pool[Any]", database_url: str, tmp_path: Path
) -> None:
    steps = source(tmp_path, m0001_a="SELECT pg_terminate_backend(pg_backend_pid())")
    async with connected(database_url) as connection:
        with pytest.raises(DatabaseUnavailable):
            await migrate(connection, "tracker_ms", [steps])
        assert connection.is_closed()


@anyio_test
async def test_an_untouched_schema_has_taken_nothing(pool: "Pool[Any]") -> None:
    async with pool.acquire() as connection:
        assert await applied_migrations(connection, "tracker_ms") == []


@pytest.mark.parametrize("schema", ["", "Tracker", "tracker-ms", "a;drop", "pg_mine", "é", "a" * 64, '"a"'])
@anyio_test
async def test_a_name_that_cannot_be_a_schema_is_refused(pool: "Pool[Any]", schema: str) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(MigrationError, match="cannot be a schema's name"):
            await migrate(connection, schema, [])


def test_the_schema_follows_from_the_service() -> None:
    assert schema_of("tracker-ms") == "tracker_ms"
    with pytest.raises(MigrationError):
        schema_of("Tracker MS")


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"m0002_a": "SELECT 1"}, "Number 0001 is missing before service/0002_a.sql"),
        ({"m0001_a": "SELECT 1", "m0003_c": "SELECT 1"}, "Number 0002 is missing before service/0003_c.sql"),
        ({"m0001_a": "SELECT 1", "m0001_b": "SELECT 1"}, "service/0001_a.sql and service/0001_b.sql have the same number"),
        ({"m0000_a": "SELECT 1"}, "service/0000_a.sql is no name of a migration"),
        ({"m1_a": "SELECT 1"}, "service/1_a.sql is no name of a migration"),
        ({"m0001-a": "SELECT 1"}, "service/0001-a.sql is no name of a migration"),
        ({"m0001_a": ""}, "service/0001_a.sql has no statement in it"),
        ({"m0001_a": "-- nothing; yet\n/* ; */ ;"}, "service/0001_a.sql has no statement in it"),
        ({"m0001_a": "SELECT 1; commit"}, "has a statement COMMIT"),
        ({"m0001_a": "Begin; SELECT 1"}, "has a statement BEGIN"),
        ({"m0001_a": "SELECT ';' /* ; */; -- x\n ROLLBACK"}, "has a statement ROLLBACK"),
        ({"m0001_a": "SELECT E'\\'; '; START TRANSACTION"}, "has a statement START"),
    ],
)
def test_files_that_break_the_rules_are_refused(tmp_path: Path, files: dict[str, str], says: str) -> None:
    with pytest.raises(MigrationError) as refused:
        read_migrations(source(tmp_path, **files))
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "sql",
    [
        "DO $$ BEGIN PERFORM 1; END $$;",
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$ BEGIN RETURN 1; END; $body$",
        "SELECT 'a;commit'; SELECT \"a;commit\" FROM t",
        "SELECT E'it\\'s; commit'",
        "SELECT 1 -- ; commit\n",
        "COMMENT ON TABLE t IS 'begin; end'",
        "/* ; commit */ SELECT 1",
    ],
)
def test_words_inside_texts_and_bodies_are_no_statements(tmp_path: Path, sql: str) -> None:
    assert len(read_migrations(source(tmp_path, m0001_a=sql))) == 1


def test_other_files_beside_them_do_not_count(tmp_path: Path) -> None:
    steps = source(tmp_path, m0001_a="SELECT 1")
    (tmp_path / "service" / "README.md").write_text("why")
    (tmp_path / "service" / "__init__.py").write_text("")
    assert [step.file for step in read_migrations(steps)] == ["service/0001_a.sql"]


def test_a_file_in_another_encoding_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    steps = source(tmp_path)
    (tmp_path / "service" / "0001_a.sql").write_bytes(b"SELECT '\xe9'")
    with pytest.raises(MigrationError, match=r"service/0001_a\.sql is not UTF-8"):
        read_migrations(steps)
    with pytest.raises(MigrationError, match="There is no folder of migrations"):
        read_migrations(MigrationSource("service", tmp_path / "nowhere"))
    with pytest.raises(MigrationError, match="is no name of a migration source"):
        read_migrations(MigrationSource("The Service", tmp_path))


@given(
    st.lists(st.sampled_from(["'a;b'", "$$;$$", "$t$ $$;$$ $t$", "--;\n", "/*;*/", '";"', "x", " ", "E'\\';'"]), max_size=12)
)
def test_nothing_that_is_quoted_splits_a_statement(pieces: list[str]) -> None:
    sql = " ".join(["SELECT", *pieces, "; UPDATE t SET a = 1"])
    assert first_words(sql) == ["select", "update"]
