"""The compose file in real containers: it comes up, verifies, works, and shows no secret."""

import re
import socket
from pathlib import Path
from urllib.request import urlopen

import msgspec
import psutil
import pytest

from nexus_actors.deployment.secrets_file import read_deployment
from tests.containers.fleet import ALL, CATALOGUE, COMPOSE_FILE, SERVICES, Fleet
from tests.containers.images import IMAGE

STARTS_WITHIN_S = 180
IDLE_MB = 90


def secrets_of(fleet: Fleet) -> list[str]:
    lines = fleet.env_file.read_text().splitlines()
    return [line.partition("=")[2] for line in lines if "PASSWORD=" in line or "KEK=" in line]


def test_all_are_healthy_within_three_minutes_and_the_password_is_told_once(started: tuple[Fleet, float, str]) -> None:
    fleet, took_s, said = started
    assert took_s < STARTS_WITHIN_S
    [password] = re.findall(r"^Password: (\S+)$", said, flags=re.MULTILINE)
    again = fleet.nexus("deploy", "accounts", f"--env-file={fleet.env_file}")
    assert again.code == 0
    assert "Password" not in again.output
    for service in ALL:
        assert password not in fleet.logs(service)


def test_an_idle_service_is_small(fleet: Fleet) -> None:
    for service in SERVICES:
        (container,) = fleet.containers(service)
        processes = [psutil.Process(container.pid), *psutil.Process(container.pid).children(recursive=True)]
        resident_mb = sum(process.memory_info().rss for process in processes) / 1e6
        assert resident_mb <= IDLE_MB, f"{service} has {resident_mb:.1f} MB"


def test_the_verification_script_passes_all_its_checks(fleet: Fleet) -> None:
    said = fleet.verify()
    assert said.code == 0, said.output
    passed, total = re.findall(r"Passed Checks: +(\d+)/(\d+)", said.output)[0]
    assert passed == total
    assert int(total) >= 2 * len(SERVICES) + 2 + 2 + 3 + 1
    assert said.output.count("[CHECK] ") >= int(total)


def test_the_verification_script_sees_what_is_wrong(fleet: Fleet) -> None:
    fleet.compose("stop", "location-ms")
    said = fleet.verify()
    fleet.compose("start", "location-ms")
    assert said.code == 1
    assert re.search(r"location-ms.*✗ Exited", said.output)
    assert re.search(r"Location MS.*✗ Connection failed", said.output)
    assert re.search(r"End to end.*✗", said.output)


@pytest.mark.reference
def test_a_recorded_drive_is_delivered(fleet: Fleet, shared_data: Path) -> None:
    said = fleet.on_containers("demo", "fleet", str(shared_data / "gps" / "around-visnjan-with-car.gpx"))
    assert said.code == 0, said.output
    assert "Fixes accepted: 104 of 104" in said.output
    assert "✗" not in said.output


def test_services_find_each_other_by_name(fleet: Fleet) -> None:
    port = CATALOGUE.named("puabo-os").port + fleet.deployment.port_offset
    for service in SERVICES:
        with urlopen(f"http://127.0.0.1:{port}/api/{service}/health") as answer:
            assert msgspec.json.decode(answer.read())["service"] == service


def test_services_run_without_rights_on_a_file_system_that_they_cannot_write(fleet: Fleet) -> None:
    for service in SERVICES:
        (found,) = fleet.inspect(service)
        assert found["Config"]["User"] == "10001:10001"
        assert found["HostConfig"]["ReadonlyRootfs"]
        assert found["HostConfig"]["CapDrop"] == ["ALL"]
        assert found["HostConfig"]["Memory"] > 0
    (container,) = fleet.containers("fleet-service")
    touch = "import pathlib, sys\ntry:\n    pathlib.Path('/app/x').touch()\nexcept OSError as e:\n    print(e.errno)"
    assert fleet.engine.docker("exec", container.name, "python", "-c", touch).strip() == "30", "a read-only file system"


def test_the_image_has_no_compiler_no_installer_and_no_servers(fleet: Fleet) -> None:
    for program in ("gcc", "cc", "make", "/opt/nexus/bin/pip", "postgres", "redis-server", "valkey-server"):
        found = fleet.engine.docker(
            "run", "--rm", "--network=none", "--entrypoint=sh", IMAGE, "-c", f"command -v {program} || true"
        )
        assert not found.strip(), program


def test_all_listens_on_loopback(fleet: Fleet) -> None:
    addresses = set()
    for service in ALL:
        (found,) = fleet.inspect(service)
        for published in found["NetworkSettings"]["Ports"].values():
            addresses |= {port["HostIp"] for port in published or []}
    assert addresses == {"127.0.0.1"}
    own = next(iter(socket.gethostbyname_ex(socket.gethostname())[2]), "127.0.0.1")
    if not own.startswith("127."):
        with socket.socket() as probe:
            assert probe.connect_ex((own, 3100 + read_deployment(fleet.env_file).port_offset)) != 0


def test_no_secret_is_in_image_logs_command_lines_or_compose_file(fleet: Fleet) -> None:
    secrets = secrets_of(fleet)
    assert len(secrets) == 3
    history = fleet.engine.docker("history", "--no-trunc", IMAGE) + fleet.engine.docker("inspect", IMAGE)
    shown = {"image": history, "compose file": COMPOSE_FILE.read_text()}
    for service in ALL:
        shown[f"logs of {service}"] = fleet.logs(service)
        for container in fleet.containers(service):
            shown[f"command lines of {service}"] = fleet.engine.docker("top", container.name, "-o", "pid,args")
    for where, text in shown.items():
        assert not [secret for secret in secrets if secret in text], where


@pytest.mark.parametrize(
    ("variables", "missed"),
    [
        ({}, "NEXUS_DATABASE_URL"),
        ({"NEXUS_DATABASE_URL": "postgresql://nexus:postgres@postgres/nexus"}, "password that everybody knows"),
        ({"NEXUS_REDIS_URL": "redis://redis:6379/0"}, "has no password"),
    ],
)
def test_a_service_refuses_to_start_with_missing_or_default_secrets(
    fleet: Fleet, variables: dict[str, str], missed: str
) -> None:
    given = {
        "NEXUS_DATABASE_URL": fleet.deployment.database_url,
        "NEXUS_REDIS_URL": fleet.deployment.redis_url,
    }
    given = {**given, **variables} if variables else {}
    options = [f"--env={name}={value}" for name, value in given.items()]
    script = "python -P -m nexus_actors.cli worker fleet-service 2>&1; echo code $?"
    said = fleet.engine.docker("run", "--rm", "--network=none", *options, "--entrypoint=sh", IMAGE, "-c", script)
    assert missed in said
    assert said.strip().endswith("code 1")
