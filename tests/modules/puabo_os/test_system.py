"""PUABO OS over HTTP, with the fleet beside it."""

import pytest

from modules.puabo_nexus.fleet.service import service as fleet
from modules.puabo_os.service import service as puabo_os
from nexus_actors.testing import TestPlatform
from nexus_actors.testing.fixtures import platform_fixture

pytestmark = pytest.mark.anyio

platform = platform_fixture(puabo_os, fleet, shared=True)

REGISTER = "nexus.fleet-service.register_vehicle.v1"
VEHICLE = "0198c0de-0000-7000-8000-000000000001"


async def test_the_status_shows_all_25_services(platform: TestPlatform) -> None:
    status = (await platform.http("puabo-os", "os:read").get("/api/system/status")).json()
    states = {service["service"]: service["state"] for service in status["services"]}
    assert len(states) == status["services_total"] == 25
    assert states["fleet-service"] == states["puabo-os"] == "healthy"
    assert states["tracker-ms"] == "down"
    assert states["wallet-ms"] == "not_built"
    assert status["status"] == "degraded"


async def test_partitions_have_owners_and_lags(platform: TestPlatform) -> None:
    page = (await platform.http("puabo-os", "os:read").get("/v1/partitions?service=fleet-service")).json()
    assert [item["partition"] for item in page["items"]] == list(range(8))
    worker_id = platform.worker.info.worker_id
    assert {(item["owner"], item["generation"], item["lag_s"]) for item in page["items"]} == {(worker_id, 1, 0.0)}
    workers = (await platform.http("puabo-os", "os:read").get("/v1/workers")).json()["items"]
    assert [(w["worker_id"], w["partitions"]) for w in workers] == [(worker_id, 9)]


async def test_a_command_is_entered_by_its_type(platform: TestPlatform) -> None:
    client = platform.http("puabo-os", "os:*", "fleet:write")
    answer = await client.post(f"/v1/commands/{REGISTER}", {"vehicle_id": VEHICLE, "plate": "ZG 1234 AB"})
    assert answer.status == 200, answer.body
    assert answer.json()["vehicle_id"] == VEHICLE
    listed = (await client.get("/v1/commands")).json()["items"]
    assert REGISTER in {item["type"] for item in listed}


@pytest.mark.parametrize(
    ("path", "body", "scopes", "status", "code"),
    [
        ("nexus.fleet-service.no_such.v1", b"{}", ("os:*", "*"), 404, "command_unknown"),
        (REGISTER, b"{", ("os:*", "fleet:write"), 400, "malformed"),
        (REGISTER, b'{"vehicle_id":"x","plate":"ZG 1"}', ("os:*", "fleet:write"), 422, "invalid"),
        (
            REGISTER,
            b'{"vehicle_id":"%s","plate":"ZG 1","no_such":1}' % VEHICLE.encode(),
            ("os:*", "fleet:write"),
            422,
            "invalid",
        ),
        (REGISTER, b'{"vehicle_id":"%s","plate":"ZG 1"}' % VEHICLE.encode(), ("os:*",), 403, "missing_scope"),
        (REGISTER, b'{"vehicle_id":"%s","plate":"ZG 1"}' % VEHICLE.encode(), ("fleet:write",), 403, "missing_scope"),
        (REGISTER, b'"' + b"x" * 2_000_000 + b'"', ("os:*", "fleet:write"), 413, "body_too_large"),
    ],
)
async def test_a_command_that_cannot_be_entered_changes_nothing(
    platform: TestPlatform, path: str, body: bytes, scopes: tuple[str, ...], status: int, code: str
) -> None:
    await platform.settle()
    before = len(platform.seen)
    client = platform.http("puabo-os", *scopes)
    headers = {"Content-Type": "application/json"}
    answer = await client.send("POST", f"/v1/commands/{path}", body=body, headers=headers)
    assert (answer.status, answer.code) == (status, code)
    await platform.settle()
    assert platform.seen[before:] == []


async def test_nothing_is_told_without_a_token(platform: TestPlatform) -> None:
    for path in ("/api/system/status", "/v1/workers", "/v1/partitions", "/v1/commands", "/v1/services/auth-ms"):
        assert (await platform.bearer("puabo-os", None).get(path)).status == 401
