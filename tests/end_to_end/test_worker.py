"""A worker as containers run it: in the foreground, on servers that the variables name."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import msgspec
import pytest

from nexus_actors.local.health import look
from nexus_actors.postgres.migrations import alone
from nexus_actors.postgres.pool import open_pool
from tests.end_to_end.machine import CATALOGUE, CHECKOUT
from tests.end_to_end.waiting import until
from tests.ports import claim_offset

FLEET = CATALOGUE.named("fleet-service")


@pytest.fixture
def environ(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """The variables of a container."""
    offset = claim_offset([FLEET])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NEXUS_")}
    return kept | {
        "PYTHONPATH": str(CHECKOUT),
        "NEXUS_DATABASE_URL": database_url,
        "NEXUS_REDIS_URL": redis_url,
        "NEXUS_LOG_FORMAT": "json",
        "NEXUS_PORT_OFFSET": str(offset),
        "NEXUS_DATA_DIR": str(tmp_path),
    }


@contextmanager
def working(environ: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-P", "-m", "nexus_actors.cli", "worker", *arguments]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as worker:
        yield worker
        worker.kill()


def port_of(environ: dict[str, str]) -> int:
    return FLEET.port + int(environ["NEXUS_PORT_OFFSET"])


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop_and_ends_with_0(environ: dict[str, str], stop: signal.Signals) -> None:
    with working(environ, "fleet-service") as worker:
        until(lambda: look("fleet-service", "127.0.0.1", port_of(environ)).is_healthy)
        worker.send_signal(stop)
        said, _ = worker.communicate(timeout=20)
    assert worker.returncode == 0
    events = [msgspec.json.decode(line)["event"] for line in said.splitlines()]
    assert [event for event in events if event.startswith("worker_")] == ["worker_ready", "worker_draining", "worker_stopped"]


@pytest.mark.anyio
async def test_it_stops_while_it_waits_for_a_migration_of_another(environ: dict[str, str]) -> None:
    locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    database = open_pool(environ["NEXUS_DATABASE_URL"], schema="nexus", application_name="test")
    async with database as pool, pool.acquire() as connection, alone(connection, "nexus"):
        with working(environ, "fleet-service") as worker:
            with anyio.fail_after(30):
                while not await pool.fetchval(locks):  # noqa: ASYNC110 - a lock that is waited for tells nobody
                    await anyio.sleep(0.05)
            worker.send_signal(signal.SIGTERM)
            said, _ = await anyio.to_thread.run_sync(worker.communicate, None, 20)
    assert worker.returncode == 0
    assert [msgspec.json.decode(line)["event"] for line in said.splitlines()] == ["worker_stopped"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"NEXUS_DATABASE_URL": ""}, "NEXUS_DATABASE_URL is not set"),
        ({"NEXUS_DATABASE_URL": "nonsense"}, "NEXUS_DATABASE_URL"),
        ({"NEXUS_LEASES": "1"}, "NEXUS_LEASES is no setting"),
    ],
)
def test_what_is_not_configured_is_told(environ: dict[str, str], change: dict[str, str], message: str) -> None:
    with working(environ | change, "fleet-service") as worker:
        said, _ = worker.communicate(timeout=20)
    assert worker.returncode == 1
    assert message in said.decode()
    assert "Traceback" not in said.decode()


def test_auth_does_not_start_without_its_key(environ: dict[str, str]) -> None:
    with working(environ, "auth-ms") as worker:
        said, _ = worker.communicate(timeout=20)
    assert worker.returncode == 1
    assert "NEXUS_AUTH_KEK is missing" in said.decode()


def test_a_port_that_is_taken_is_told(environ: dict[str, str]) -> None:
    with working(environ, "fleet-service"):
        until(lambda: look("fleet-service", "127.0.0.1", port_of(environ)).is_healthy)
        with working(environ, "fleet-service") as second:
            said, _ = second.communicate(timeout=20)
    assert second.returncode == 1
    assert f"Port {port_of(environ)} on 127.0.0.1 is taken" in said.decode()
