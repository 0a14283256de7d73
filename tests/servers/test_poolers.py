"""PgBouncer in front of PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import asyncpg
import pytest

from nexus_actors.errors import ConfigError
from nexus_actors.postgres.migration import MigrationSource
from nexus_actors.postgres.migrations import migrate
from nexus_actors.postgres.pool import open_pool
from tests.faults.job_stage import open_job_stage
from tests.faults.stage import open_stage
from tests.servers.debian import Debian
from tests.servers.outfit import Outfit
from tests.servers.pgbouncer import PgBouncer
from tests.servers.postgres import DebianPostgres
from tests.servers.redis_server import DebianRedis

pytestmark = pytest.mark.anyio

_IGNORING = (
    "ignore_startup_parameters = idle_in_transaction_session_timeout,statement_timeout,lock_timeout,tcp_keepalives_idle,"
    "tcp_keepalives_interval,tcp_keepalives_count,jit,search_path,default_transaction_read_only"
)


@asynccontextmanager
async def _pooler(debian: Debian, server: DebianPostgres, folder: Path, mode: str, more: str = "") -> AsyncIterator[PgBouncer]:
    async with PgBouncer(debian.pgbouncer, folder, server.url, mode, more) as pooler:
        yield pooler


@pytest.mark.parametrize("more", ["", _IGNORING, "server_round_robin = 1"], ids=["refusing", "ignoring", "in turn"])
@pytest.mark.parametrize("mode", ["transaction", "statement"])
async def test_a_pooler_that_lends_less_than_a_session_is_refused(
    mode: str, more: str, debian: Debian, debian_postgres: DebianPostgres, tmp_path: Path
) -> None:
    async with _pooler(debian, debian_postgres, tmp_path, mode, more) as pooler:
        with pytest.raises(ConfigError, match="pool_mode=session"):
            async with open_pool(pooler.url, schema="s", application_name="test", connect_within_s=5):
                pytest.fail("taken in")


async def test_a_busy_pooler_by_transactions_is_refused_too(
    debian: Debian, debian_postgres: DebianPostgres, tmp_path: Path
) -> None:
    async with _pooler(debian, debian_postgres, tmp_path, "transaction") as pooler, anyio.create_task_group() as busy:

        async def others() -> None:
            connection = await asyncpg.connect(pooler.url, statement_cache_size=0)
            while True:
                await connection.execute("BEGIN; SELECT pg_sleep(0.002); COMMIT")

        for _ in range(6):
            busy.start_soon(others)
        for _ in range(5):
            with pytest.raises(ConfigError, match="pool_mode=session"):
                async with open_pool(pooler.url, schema="s", application_name="test", connect_within_s=5):
                    pytest.fail("taken in")
        busy.cancel_scope.cancel()


@pytest.mark.parametrize("more", ["", _IGNORING], ids=["refusing", "ignoring"])
async def test_sessions_behind_a_pooler_are_set_up_as_ours_are(
    more: str, debian: Debian, debian_postgres: DebianPostgres, tmp_path: Path
) -> None:
    names = ["search_path", "statement_timeout", "idle_in_transaction_session_timeout", "timezone", "application_name", "jit"]
    async with _pooler(debian, debian_postgres, tmp_path, "session", more) as pooler:
        shown = []
        for url in (debian_postgres.url, pooler.url):
            async with open_pool(url, schema="s", application_name="test", read_only=True) as pool:
                row = [await pool.fetchval(f"SHOW {name}") for name in [*names, "default_transaction_read_only"]]
                shown.append(row)
    assert shown[0] == shown[1]
    assert shown[1][0] == "s,nexus"


async def test_a_session_behind_a_pooler_is_ours_again_after_migrations(
    debian: Debian, debian_postgres: DebianPostgres, tmp_path: Path
) -> None:
    steps = tmp_path / "steps"
    steps.mkdir()
    (steps / "0001_things.sql").write_text("CREATE TABLE things (id int); SET statement_timeout = '7s'; SET work_mem = '7MB';")
    async with (
        _pooler(debian, debian_postgres, tmp_path / "pooler", "session") as pooler,
        open_pool(pooler.url, schema="pooled", application_name="test", max_size=1) as pool,
    ):
        async with pool.acquire() as connection:
            await migrate(connection, "pooled", [MigrationSource("service", steps)])
        assert await pool.fetchval("SHOW search_path") == "pooled,nexus"
        assert await pool.fetchval("SHOW statement_timeout") == "30s"
        assert await pool.fetchval("SHOW lock_timeout") == "10s"
        assert await pool.fetchval("SHOW work_mem") != "7MB"
        assert await pool.fetchval("SELECT count(*) FROM things") == 0


@pytest.mark.faults
async def test_a_worker_does_all_its_work_behind_a_pooler_by_sessions(
    debian: Debian, debian_postgres: DebianPostgres, debian_redis: DebianRedis, tmp_path: Path
) -> None:
    async with _pooler(debian, debian_postgres, tmp_path / "pooler", "session") as pooler:
        servers = Outfit(debian_postgres, debian_redis, pooler.url)
        async with open_stage(servers, tmp_path, proxied=False) as stage:
            await pooler.stop()
            await pooler.start()
            await stage.flows(stage.mark("pooler restarted"))
            verdict = await stage.verdict()
            assert verdict.clean, verdict


@pytest.mark.faults
async def test_jobs_are_done_behind_a_pooler_by_sessions(
    debian: Debian, debian_postgres: DebianPostgres, debian_redis: DebianRedis, tmp_path: Path
) -> None:
    async with _pooler(debian, debian_postgres, tmp_path / "pooler", "session") as pooler:
        servers = Outfit(debian_postgres, debian_redis, pooler.url)
        async with open_job_stage(servers, tmp_path, workers=1) as stage:
            job = await stage.start("mark")
            await stage.hears("done")
            assert await stage.status(job) == "done"
