"""The pages that every service has."""

from collections.abc import Mapping

import pytest

from nexus_actors.http import health
from tests.nexus_actors.http.depot import Depot

pytestmark = pytest.mark.anyio


async def test_health_is_one_line_in_the_documented_shape(depot: Depot) -> None:
    answer = await depot.send("GET", "/health")
    assert answer.status == 200
    assert answer.body.decode() == (
        '{"status":"ok","service":"depot-ms","timestamp":"2026-03-01T12:00:00Z","version":"1.2.3",'
        f'"port":{depot.port},"dependencies":{{"database":"connected","cache":"connected"}}}}\n'
    )


async def test_a_dependency_that_is_away_degrades_health(depot: Depot) -> None:
    depot.probe.dependencies = {"database": False, "cache": True}
    answer = await depot.send("GET", "/health")
    assert (answer.status, answer.json["status"]) == (503, "degraded")
    assert answer.json["dependencies"] == {"database": "disconnected", "cache": "connected"}


async def test_keys_that_wait_are_told_and_degrade_nothing(depot: Depot) -> None:
    depot.probe.seen_waiting = ("2 keys wait. Only a newer release can handle it.",)
    answer = await depot.send("GET", "/health")
    assert (answer.status, answer.json["status"], answer.json["waiting"]) == (200, "ok", list(depot.probe.seen_waiting))


async def test_a_check_that_hangs_is_an_answer_too(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_TIMEOUT_S", 0.05)
    await depot.send("GET", "/health")
    depot.probe.delay_s = 30
    answer = await depot.send("GET", "/health")
    assert (answer.status, answer.json["status"]) == (503, "degraded")
    assert answer.json["dependencies"] == {"database": "disconnected", "cache": "disconnected"}


@pytest.mark.parametrize(
    ("path", "is_live", "is_ready", "status", "state"),
    [
        ("/health/live", True, False, 200, "live"),
        ("/health/live", False, True, 503, "stuck"),
        ("/health/ready", False, True, 200, "ready"),
        ("/health/ready", True, False, 503, "starting"),
    ],
)
async def test_life_and_readiness_are_told_apart(
    depot: Depot, path: str, is_live: bool, is_ready: bool, status: int, state: str
) -> None:
    depot.probe.is_live, depot.probe.is_ready = is_live, is_ready
    answer = await depot.send("GET", path)
    assert (answer.status, answer.json) == (status, {"status": state, "service": "depot-ms"})


async def test_a_draining_service_is_alive_and_not_ready(depot: Depot) -> None:
    depot.face.start_draining()
    assert (await depot.send("GET", "/health/live")).status == 200
    ready = await depot.send("GET", "/health/ready")
    assert (ready.status, ready.json["status"]) == (503, "draining")
    assert ready.headers["Connection"] == "close"


async def test_the_first_page_links_to_all_others(depot: Depot) -> None:
    welcome = (await depot.send("GET", "/")).json
    assert (welcome["name"], welcome["title"], welcome["version"]) == ("depot-ms", "Depot MS", "1.2.3")
    for path in welcome["links"].values():
        assert (await depot.send("GET", path)).status == 200


async def test_metrics_are_those_of_the_registry(depot: Depot) -> None:
    answer = await depot.send("GET", "/metrics")
    assert b"\nnexus_test_crates_total 3.0\n" in answer.body
    assert answer.headers["Content-Type"].startswith("text/plain")
    accept: Mapping[str, str] = {"Accept": "application/openmetrics-text; version=1.0.0"}
    assert (await depot.send("GET", "/metrics", headers=accept)).body.endswith(b"# EOF\n")


@pytest.mark.parametrize("path", ["/docs", "/docs/problems", "/openapi.json"])
async def test_pages_that_stay_the_same_are_not_sent_again(depot: Depot, path: str) -> None:
    first = await depot.send("GET", path)
    assert first.headers["Cache-Control"] == "no-cache"
    again = await depot.send("GET", path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
