"""Who sees metrics and details of health: those inside, and operators."""

from collections.abc import Mapping

import pytest

from nexus_actors.http.face import FaceSettings
from nexus_actors.http.insight import INNER_NETWORKS, inner_networks
from tests.nexus_actors.http.depot import Depot, serving

pytestmark = pytest.mark.anyio

PASSED_ON: Mapping[str, Mapping[str, str]] = {
    "by a gateway": {"Via": "1.1 puabo-os"},
    "by a proxy": {"X-Forwarded-For": "127.0.0.1"},
    "by another proxy": {"Forwarded": "for=127.0.0.1"},
    "by nginx": {"X-Real-IP": "127.0.0.1"},
}
OPERATOR = {"Authorization": "Bearer operator"}


@pytest.mark.parametrize("marks", PASSED_ON.values(), ids=PASSED_ON)
async def test_what_is_passed_on_shows_no_metrics(depot: Depot, marks: Mapping[str, str]) -> None:
    answer = await depot.send("GET", "/metrics", headers=marks)
    answer.problem(401, "token_missing")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="depot-ms"'
    shown = await depot.send("GET", "/metrics", headers={**marks, **OPERATOR})
    assert b"nexus_test_crates_total" in shown.body


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [("reader", 403, "missing_scope"), ("tenant-admin", 403, "platform_only"), ("none", 401, "token_bad_signature")],
)
async def test_a_token_of_no_operator_shows_no_metrics(depot: Depot, token: str, status: int, code: str) -> None:
    headers = {"Via": "1.1 puabo-os", "Authorization": f"Bearer {token}"}
    (await depot.send("GET", "/metrics", headers=headers)).problem(status, code)


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
async def test_outside_health_is_told_in_a_word(depot: Depot, path: str) -> None:
    depot.probe.seen_troubles = ("The database is away: host db-1.",)
    depot.probe.seen_waiting, depot.probe.seen_warnings = ("2 keys wait.",), ("Redis evicts.",)
    inside = await depot.send("GET", path)
    outside = await depot.send("GET", path, headers={"Via": "1.1 puabo-os"})
    assert "db-1" in inside.body.decode()
    assert (outside.status, set(outside.json)) == (inside.status, {"status", "service"})
    assert outside.json["status"] == inside.json["status"]
    told = await depot.send("GET", path, headers={"Via": "1.1 puabo-os", **OPERATOR})
    assert told.json["troubles"] == list(depot.probe.seen_troubles)


async def test_an_address_that_is_not_inner_is_outside() -> None:
    async with serving(FaceSettings(inner_networks=inner_networks("10.0.0.0/8, 192.0.2.7"))) as depot:
        (await depot.send("GET", "/metrics")).problem(401, "token_missing")
        assert set((await depot.send("GET", "/health")).json) == {"status", "service"}


@pytest.mark.parametrize("path", ["/", "/docs", "/docs/problems", "/openapi.json"])
async def test_what_is_written_for_everybody_is_shown_to_everybody(depot: Depot, path: str) -> None:
    assert (await depot.send("GET", path, headers={"Via": "1.1 puabo-os"})).status == 200


def test_inner_networks_are_those_that_the_internet_does_not_route() -> None:
    assert all(network.is_private or network.is_link_local for network in inner_networks(INNER_NETWORKS))
    with pytest.raises(ValueError, match="does not appear"):
        inner_networks("10.0.0.0/8, 10.0.0")
