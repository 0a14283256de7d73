"""The checks of `nexus verify` besides the services: each fault is a check that did not pass, never an error."""

import socket
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import redis

from nexus_actors.cli.platform.located import Located
from nexus_actors.cli.platform.verification import Check, check_containers, check_platform, find_trials
from nexus_actors.local.credentials import Credentials, save_credentials
from nexus_actors.platform.loading import load_catalogue
from nexus_actors.testing import open_platform
from tests.nexus_actors.runtime.counter import counter

pytestmark = pytest.mark.anyio

CATALOGUE = load_catalogue()


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port at which nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def located(port: int, database_url: str | None = None, redis_url: str | None = None) -> Located:
    return Located(
        host="127.0.0.1",
        port_offset=port - CATALOGUE.named("auth-ms").port,
        database_url=database_url or f"postgresql://nexus:x@127.0.0.1:{port}/nexus",
        redis_url=redis_url or f"redis://127.0.0.1:{port}/0",
        redis_prefix="nexus",
    )


def by_title(checks: list[Check]) -> dict[str, Check]:
    return {check.title: check for check in checks}


async def test_servers_that_answer_pass(database_url: str, redis_url: str, nobody: int, tmp_path: Path) -> None:
    async with open_platform([counter], database_url):
        checks = by_title(await check_platform(located(nobody, database_url, redis_url), CATALOGUE, tmp_path / "absent"))
    assert checks["PostgreSQL"].passed
    assert checks["Redis"].passed
    assert not checks["Sign in"].passed
    assert "nexus deploy accounts" in checks["Sign in"].detail


async def test_a_database_that_cannot_be_written_fails(database_url: str, nobody: int, tmp_path: Path) -> None:
    async with open_platform([counter], database_url):
        pass
    admin = await asyncpg.connect(database_url)
    name = await admin.fetchval("SELECT quote_ident(current_database())")
    await admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    try:
        checks = by_title(await check_platform(located(nobody, database_url), CATALOGUE, tmp_path / "absent"))
    finally:
        await admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        await admin.close()
    assert not checks["PostgreSQL"].passed
    assert "is read-only" in checks["PostgreSQL"].detail


@pytest.mark.parametrize(
    ("name", "bad", "good"), [("maxmemory-policy", "allkeys-lru", "noeviction"), ("appendonly", "no", "yes")]
)
async def test_a_redis_that_does_not_keep_what_it_is_given_fails(
    redis_url: str, nobody: int, tmp_path: Path, name: str, bad: str, good: str
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.config_set(name, bad)
        try:
            checks = by_title(await check_platform(located(nobody, redis_url=redis_url), CATALOGUE, tmp_path / "absent"))
        finally:
            client.config_set(name, good)
    assert not checks["Redis"].passed
    assert f"{name} {bad}" in checks["Redis"].detail


async def test_everything_that_is_away_is_told(nobody: int, tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    save_credentials(file, Credentials(database="x", issuer="auth-ms", client_id="cli", client_secret="s" * 32))
    checks = await check_platform(located(nobody), CATALOGUE, file)
    assert not any(check.passed for check in checks)
    assert len(checks) == 3 + len(list(find_trials(CATALOGUE)))
    assert "auth-ms does not answer" in by_title(checks)["Sign in"].detail
    assert by_title(checks)["End to end"].detail == "There is no token to try it with."


@pytest.mark.parametrize("started", [["fleet-service"], ["auth-ms", "fleet-service"]])
async def test_what_needs_a_service_that_was_left_out_is_not_tried(nobody: int, tmp_path: Path, started: list[str]) -> None:
    checks = by_title(await check_platform(located(nobody), CATALOGUE, tmp_path / "absent", started))
    assert checks["Sign in"].counts == ("auth-ms" in started)
    if "auth-ms" not in started:
        assert checks["End to end"].detail == "Not tried: auth-ms not started (--only)"
        assert not any(check.counts for check in checks.values() if check.section != "SERVERS")


async def test_an_engine_that_is_away_is_a_check_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (check,) = await check_containers(CATALOGUE, "nexus-cos")
    assert (check.section, check.passed) == ("CONTAINERS", False)
    assert "no program `docker`" in check.detail
