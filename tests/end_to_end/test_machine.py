"""The platform on one machine, with real servers: it comes up, works, survives what happens to it, and keeps its data."""

import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import uuid4

import anyio
import msgspec
import psutil
import pytest

from bus.publisher import Outgoing, Publisher
from bus.redis import RedisSettings, connect
from modules.puabo_nexus.fleet.contract import FLEET
from nexus_actors.cli.platform.verification import find_trials
from tests.end_to_end.machine import BUILT, CATALOGUE, Machine, Said
from tests.end_to_end.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def first_start() -> Iterator[tuple[Machine, Said]]:
    """A platform that is up, and what its first start said."""
    folder = Path(tempfile.mkdtemp(prefix="nexus-machine-"))
    machine = Machine(folder / "data")
    try:
        yield machine, machine.up()
    finally:
        machine.nexus("down")
        shutil.rmtree(folder)


@pytest.fixture
def machine(first_start: tuple[Machine, Said]) -> Machine:
    """A platform that is up and healthy."""
    platform = first_start[0]
    until(lambda: platform.nexus("verify").code == 0)
    return platform


def demo_ids(said: Said) -> dict[str, str]:
    """The ids that the demonstration has told."""
    return dict(re.findall(r"^(Vehicle|Driver|Delivery).*: ([0-9a-f-]{36})$", said.output, flags=re.MULTILINE))


def test_the_first_start_tells_a_password_once_and_keeps_it_nowhere(first_start: tuple[Machine, Said]) -> None:
    machine, said = first_start
    assert said.code == 0, said.output
    [password] = re.findall(r"^Password: (\S+)$", said.output, flags=re.MULTILINE)
    assert len(password) > 20
    kept = [file for file in machine.home.path.rglob("*") if file.is_file() and password.encode() in file.read_bytes()]
    assert kept == []
    for service in BUILT:
        assert re.search(rf"^{service} .* healthy", said.output, flags=re.MULTILINE)


def test_secrets_are_for_their_owner_alone(machine: Machine) -> None:
    for name in ("auth-kek", "credentials.json", "run.json"):
        assert (machine.home.path / name).stat().st_mode & 0o777 == 0o600
    for line in machine.nexus("logs", "--json", "-n", "5000").output.splitlines():
        assert machine.state.database_url not in line


def test_up_again_says_so_and_changes_nothing(machine: Machine) -> None:
    before = machine.state
    said = machine.up()
    assert said.code == 0
    assert f"up already (process {before.pid})" in said.output
    assert machine.state == before


def test_status_and_verify_show_all_25(machine: Machine) -> None:
    status, verify = machine.nexus("status"), machine.nexus("verify")
    assert (status.code, verify.code) == (0, 0)
    for entry in CATALOGUE.services:
        state = "healthy" if entry.is_built else "not built"
        assert re.search(rf"^{entry.name} .* {entry.port + machine.offset}  {state}", status.output, flags=re.MULTILINE)
    assert re.search(r"^fleet-service .* 8/8 +[0-9.]+ s$", status.output, flags=re.MULTILINE), "its partitions and its lag"
    checks = len(BUILT) + len(["PostgreSQL", "Redis", "Sign in"]) + len(list(find_trials(CATALOGUE)))
    assert f"Passed Checks:    {checks}/{checks}" in verify.output
    assert machine.get("location-ms", "/v1/geofences")["items"] == [], "it takes away what it makes"


def test_health_has_the_documented_shape_and_routes_are_closed(machine: Machine) -> None:
    port = CATALOGUE.named("fleet-service").port + machine.offset
    with urlopen(f"http://127.0.0.1:{port}/health") as answer:
        body = answer.read()
    assert body.count(b"\n") == 1
    health = msgspec.json.decode(body)
    assert list(health) == ["status", "service", "timestamp", "version", "port", "dependencies"]
    assert (health["status"], health["service"], health["port"]) == ("ok", "fleet-service", port)
    assert health["dependencies"] == {"database": "connected", "cache": "connected"}
    with pytest.raises(HTTPError) as refused:
        urlopen(f"http://127.0.0.1:{port}/v1/vehicles")
    assert refused.value.code == 401
    refused.value.close()


def test_the_gateway_shows_nobody_the_insides_of_a_service(machine: Machine) -> None:
    port = CATALOGUE.named("puabo-os").port + machine.offset
    with urlopen(f"http://127.0.0.1:{port}/api/fleet-service/health") as answer:
        assert msgspec.json.decode(answer.read()) == {"status": "ok", "service": "fleet-service"}
    with pytest.raises(HTTPError) as refused:
        urlopen(f"http://127.0.0.1:{port}/api/fleet-service/metrics")
    assert refused.value.code == 401
    refused.value.close()


def test_a_drive_that_is_made_up_is_delivered_twice(machine: Machine) -> None:
    first, second = machine.nexus("demo", "fleet"), machine.nexus("demo", "fleet")
    assert first.code == 0, first.output
    assert second.code == 0, second.output
    assert demo_ids(first).keys() == {"Vehicle", "Driver", "Delivery"}
    assert demo_ids(first) != demo_ids(second)


@pytest.mark.reference
def test_a_recorded_drive_is_delivered(machine: Machine, shared_data: Path) -> None:
    said = machine.nexus("demo", "fleet", str(shared_data / "gps" / "around-visnjan-with-car.gpx"))
    assert said.code == 0, said.output
    assert "Fixes accepted: 104 of 104" in said.output
    assert "2736.0 m; the track is 2736.0 m" in said.output


def test_a_command_is_asked_and_its_event_is_seen(machine: Machine) -> None:
    vehicle = "018f0000-0000-7000-8000-000000000001"
    data = msgspec.json.encode({"vehicle_id": vehicle, "plate": "TAIL 1"}).decode()
    said = machine.nexus("publish", "RegisterVehicle", data)
    assert said.code == 0, said.output
    assert said.json()["plate"] == "TAIL 1"
    seen = machine.nexus("tail", "fleet-service", "--since", "5m", "--key", vehicle, "--count", "1", "--json").json()
    assert seen["type"] == "nexus.fleet-service.vehicle_registered.v1"
    again = machine.nexus("publish", "RegisterVehicle", data)
    assert again.code == 1
    assert "vehicle_exists" in again.output


def test_live_events_are_followed(machine: Machine) -> None:
    with machine.start("tail", "fleet-service", "--commands", "--count", "2") as tail:
        # It does not say when it has begun, so drivers join until it has seen two messages.
        def seen() -> bool:
            driver = msgspec.json.encode({"driver_id": uuid4(), "name": "A driver"}).decode()
            assert machine.nexus("publish", "RegisterDriver", driver).code == 0
            return tail.poll() is not None

        until(seen)
        assert tail.stdout is not None
        shown = tail.stdout.read().decode()
    assert tail.returncode == 0
    assert "fleet-service.register_driver.v1" in shown
    assert "register_vehicle" not in shown


async def put_nonsense(machine: Machine) -> None:
    """Write what nobody can read into a stream of the fleet service."""
    settings = RedisSettings(url=machine.state.redis_url, prefix=machine.state.redis_prefix)
    async with connect(settings) as streams:
        await Publisher(streams).publish([Outgoing(FLEET.stream("commands", 3), b"this is no CloudEvent")])


def test_what_nobody_can_read_is_parked_shown_and_dropped(machine: Machine) -> None:
    anyio.run(put_nonsense, machine)
    until(lambda: "no dead letters" not in machine.nexus("dead-letters", "list").output)
    letter = machine.nexus("dead-letters", "list", "--service", "fleet-service", "--json").json()
    assert (letter["partition"], letter["key"], letter["behind"]) == (3, "", False)
    assert "not a CloudEvent" in str(letter["cause"])
    shown = machine.nexus("dead-letters", "show", str(letter["message_id"]))
    assert shown.code == 0
    assert "this is no CloudEvent" in shown.output
    assert "fleet-service" in machine.nexus("dead-letters", "list").output
    assert machine.nexus("dead-letters", "list", "--service", "tracker-ms").output == "There are no dead letters.\n"
    assert machine.nexus("dead-letters", "drop", str(letter["message_id"])).code == 1, "it asks first"
    dropped = machine.nexus("dead-letters", "drop", "--yes", str(letter["message_id"]))
    assert (dropped.code, dropped.output) == (0, "1 dropped, 0 are tried again.\n")
    assert machine.nexus("dead-letters", "show", str(letter["message_id"])).code == 1
    assert "no_dead_letters" in machine.nexus("dead-letters", "redrive", "fleet-service", "some-key").output


def test_a_disabled_account_of_the_command_line_can_be_renewed(machine: Machine) -> None:
    machine.post("auth-ms", f"/v1/service-accounts/{machine.credentials.client_id}:disable")
    refused = machine.nexus("demo", "fleet")
    assert refused.code == 1
    assert "nexus renew-account" in refused.output
    renewed = machine.nexus("renew-account")
    assert renewed.code == 0, renewed.output
    assert machine.credentials.client_secret not in renewed.output
    assert machine.nexus("demo", "fleet").code == 0


def test_a_worker_that_is_killed_is_started_again(machine: Machine) -> None:
    before = machine.state.workers[0]
    assert before.pid is not None
    os.kill(before.pid, signal.SIGKILL)
    until(lambda: machine.state.workers[0].pid not in {None, before.pid})
    until(lambda: machine.nexus("verify").code == 0)
    assert machine.state.workers[0].restarts == before.restarts + 1
    assert "killed by signal 9" in machine.nexus("logs", "up").output


def test_a_server_that_is_killed_is_started_again(machine: Machine) -> None:
    [server] = [p for p in psutil.Process(machine.state.pid).children() if p.name() == "valkey-server"]
    server.kill()
    until(lambda: "Valkey ended by itself" in machine.nexus("logs", "up").output)
    until(lambda: machine.nexus("verify").code == 0)
    assert machine.nexus("demo", "fleet").code == 0


def test_another_checkout_is_not_disturbed(machine: Machine, tmp_path: Path) -> None:
    clash = Machine(tmp_path / "clash", machine.offset).up("--only", "fleet-service")
    port = CATALOGUE.named("fleet-service").port + machine.offset
    assert clash.code == 1
    assert f"port {port} of 127.0.0.1, for fleet-service" in clash.output
    assert "--port-offset" in clash.output
    other = Machine(tmp_path / "other")
    try:
        said = other.up("--only", "fleet-service")
        assert said.code == 0, said.output
        assert other.offset != machine.offset
        assert other.state.database_url != machine.state.database_url
        assert "No service that keeps accounts is running" in said.output
    finally:
        assert other.nexus("down").code == 0
    assert machine.nexus("verify").code == 0


def test_nothing_is_lost_by_stopping_and_starting(machine: Machine) -> None:
    ids = demo_ids(machine.nexus("demo", "fleet"))
    pids = [worker.pid for worker in machine.state.workers if worker.pid is not None]
    children = psutil.Process(machine.state.pid).children()
    down = machine.nexus("down")
    assert down.code == 0, down.output
    assert not any(child.is_running() and child.pid in pids for child in children)
    assert machine.home.state is None
    log = machine.home.log_of("worker-1").read_text()
    assert log.splitlines()[-1].count("worker_stopped") == 1
    up = machine.up()
    assert up.code == 0, up.output
    assert "Password" not in up.output
    assert machine.get("fleet-service", f"/v1/deliveries/{ids['Delivery']}")["status"] == "delivered"
    [trip] = machine.get("tracker-ms", f"/v1/trips?vehicle_id={ids['Vehicle']}")["items"]
    assert trip["distance_m"] > 0
    crossings = machine.get("location-ms", f"/v1/crossings?delivery_id={ids['Delivery']}")["items"]
    assert [crossing["place"] for crossing in crossings[:3]] == ["pickup", "pickup", "dropoff"]


def test_a_killed_supervisor_leaves_nothing_that_stands_in_the_way(machine: Machine) -> None:
    orphans = psutil.Process(machine.state.pid).children(recursive=True)
    os.kill(machine.state.pid, signal.SIGKILL)
    assert machine.nexus("status").code == 1
    said = machine.up()
    assert said.code == 0, said.output
    assert not any(orphan.is_running() and orphan.status() != psutil.STATUS_ZOMBIE for orphan in orphans)
    assert machine.nexus("demo", "fleet").code == 0


def test_two_workers_share_the_work_in_the_foreground_until_ctrl_c(machine: Machine) -> None:
    machine.nexus("down")
    with machine.start("up", "--port-offset", str(machine.offset), "--workers", "2") as up:
        until(lambda: machine.home.running() is not None and machine.state.phase == "up")
        assert len({worker.pid for worker in machine.state.workers} - {None}) == 2
        assert machine.nexus("demo", "fleet").code == 0
        assert machine.nexus("reset", "--yes").code == 1
        up.send_signal(signal.SIGINT)
        assert up.stdout is not None
        said = up.stdout.read().decode()
    assert up.returncode == 0, said
    assert "Stop with Ctrl-C" in said
    assert "PostgreSQL has stopped" in said
    assert machine.home.state is None
    assert machine.up().code == 0
