"""What `nexus up` and its kin say before anything is started."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest
from click.testing import CliRunner, Result

from nexus_actors.cli.main import nexus
from nexus_actors.local.home import Home
from nexus_actors.local.run_state import RunState, WorkerState
from nexus_actors.platform.loading import load_catalogue
from tests.ports import claim_offset

CATALOGUE = load_catalogue()
FLEET = CATALOGUE.named("fleet-service")


@pytest.fixture
def offset() -> int:
    """An offset at which nobody listens."""
    return claim_offset(CATALOGUE.services)


def run(folder: Path, *arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(nexus, arguments, env={"NEXUS_DATA_DIR": str(folder), **environ}, input="n\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only"], "Name services behind --only"),
        (["fleet-service"], "Name services behind --only"),
        (["--workers", "0"], "--workers"),
        (["--port-offset", "-1"], "--port-offset"),
    ],
)
def test_a_wrong_call_is_told(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = run(tmp_path, "up", *arguments)
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "dsp-api"], "Not built yet: dsp-api"),
        (["--only", "nonsense"], "There is no service 'nonsense'"),
        (["--detach", "--only", "nonsense"], "There is no service 'nonsense'"),
    ],
)
def test_what_cannot_run_is_told(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = run(tmp_path, "up", *arguments)
    assert result.exit_code == 1
    assert message in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def running(tmp_path: Path, offset: int) -> Iterator[RunState]:
    """A platform of which one service runs, as its supervisor has written it down."""
    home = Home(tmp_path)
    home.make()
    state = RunState(
        pid=1,
        phase="up",
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        services=("fleet-service",),
        host="127.0.0.1",
        port_offset=offset,
        database_url="postgresql://x",
        redis_url="redis://x",
        redis_prefix="nexus",
        workers=(WorkerState(number=1),),
    )
    home.save(state)
    assert anyio.run(home.lock.claim)
    yield state
    home.lock.release()


def test_up_again_says_so(tmp_path: Path, running: RunState) -> None:
    same = ["--workers", "1", "--port-offset", str(running.port_offset), "--only", *running.services]
    for arguments in (same, ["--only", *running.services]):
        result = run(tmp_path, "up", *arguments)
        assert "The platform is up already (process 1)." in result.output
        assert result.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "fleet-service", "tracker-ms"], "without tracker-ms."),
        (["--only", "tracker-ms"], "without tracker-ms, with fleet-service."),
        (["--only", "fleet-service", "--workers", "2"], "with --workers 1."),
        (["--only", "fleet-service", "--port-offset", "1"], "with --port-offset {}."),
        ([], "without auth-ms, "),
    ],
)
def test_up_otherwise_changes_nothing_and_fails(tmp_path: Path, running: RunState, arguments: list[str], said: str) -> None:
    result = run(tmp_path, "up", *arguments)
    assert result.exit_code == 1
    assert f"It goes on as it was started, {said.format(running.port_offset)}" in result.output
    assert "stop it first: nexus down" in result.output
    assert Home(tmp_path).state == running


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path, offset: int) -> None:
    with socket.create_server(("127.0.0.1", FLEET.port + offset)):
        result = run(tmp_path, "up", "--port-offset", str(offset), "--only", "fleet-service")
    assert result.exit_code == 1
    assert f"port {FLEET.port + offset} of 127.0.0.1, for fleet-service" in result.output
    assert "nexus up --port-offset" in result.output
    assert not (tmp_path / "postgres").exists()
    assert not (tmp_path / "run.json").exists()


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    result = run(tmp_path, "up", NEXUS_WORKRES="2")
    assert result.exit_code == 1
    assert "did you mean NEXUS_WORKERS?" in result.output


@pytest.mark.parametrize("command", ["tail", "publish", "dead-letters", "demo"])
def test_what_needs_a_platform_says_how_to_start_one(tmp_path: Path, command: str) -> None:
    identity = "018f0000-0000-7000-8000-000000000001"
    arguments = {
        "tail": ["fleet-service"],
        "publish": ["RetireVehicle", json.dumps({"vehicle_id": identity})],
        "dead-letters": ["list"],
        "demo": ["fleet"],
    }
    result = run(tmp_path, command, *arguments[command])
    assert result.exit_code == 1
    assert "nexus up" in result.output


def test_status_and_verify_tell_that_nothing_runs(tmp_path: Path, offset: int) -> None:
    status = run(tmp_path, "status", NEXUS_PORT_OFFSET=str(offset))
    assert status.exit_code == 1
    assert f"No platform runs in {tmp_path}" in status.output
    verify = run(tmp_path, "verify", "--port-offset", str(offset))
    assert verify.exit_code == 1
    assert "Connection failed" in verify.output


def test_down_without_a_platform_is_fine(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        result = run(folder, "down")
        assert (result.exit_code, result.output) == (0, "The platform is not up.\n")


def test_reset_asks_and_removes_on_yes_alone(tmp_path: Path) -> None:
    assert "nothing to remove" in run(tmp_path, "reset").output
    (tmp_path / "redis").mkdir()
    (tmp_path / "venv").mkdir()
    assert run(tmp_path, "reset").exit_code == 1
    assert (tmp_path / "redis").exists()
    assert run(tmp_path, "reset", "--yes").exit_code == 0
    assert not (tmp_path / "redis").exists()
    assert (tmp_path / "venv").exists()


def test_a_worker_wants_services(tmp_path: Path) -> None:
    assert "Name services, or give --all" in run(tmp_path, "worker").output
    assert "Name services, or give --all" in run(tmp_path, "worker", "--all", "auth-ms").output
    assert "no service 'nonsense'" in run(tmp_path, "worker", "nonsense").output


def test_demonstrations_are_listed(tmp_path: Path) -> None:
    assert "fleet [TRACK.gpx]" in run(tmp_path, "demo").output
    result = run(tmp_path, "demo", "nonsense")
    assert result.exit_code == 2
    assert "There are: fleet" in result.output
