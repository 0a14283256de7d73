"""Jobs of all services over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from modules.puabo_os.service import service as puabo_os
from nexus_actors.testing import HttpProbe, TestPlatform, open_platform
from tests.nexus_actors.jobs.stage import QUICK
from tests.nexus_actors.jobs.studio.contract import Heard, Start
from tests.nexus_actors.jobs.studio.service import service as studio

pytestmark = pytest.mark.anyio

JOBS = "/v1/jobs"


@pytest.fixture(scope="module")
async def busy(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TestPlatform]:
    """PUABO OS and a studio with a mix that is done, one that has failed and one that is running. The tests only look."""
    folder = tmp_path_factory.mktemp("studio")
    async with open_platform([puabo_os, studio], module_database_url, environ={**QUICK, "NEXUS_JOB_SLOTS": "2"}) as platform:
        for track, step in (("good", "result loud"), ("bad", "die"), ("long", "until never")):
            await platform.ask(Start(track=track, folder=str(folder), steps=(step,)), tenant="acme")
        await platform.until(lambda: len(platform.events(Heard)) == 2)
        await platform.until(lambda: len(list(folder.glob("began-*"))) == 4)
        yield platform


def operator(platform: TestPlatform) -> HttpProbe:
    return platform.http("puabo-os", "os:read")


async def listed(platform: TestPlatform, query: str = "") -> list[dict[str, Any]]:
    answer = await operator(platform).get(JOBS + query)
    assert answer.status == 200, answer.body
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_they_are_listed_the_newest_first_with_how_they_stand(busy: TestPlatform) -> None:
    found = await listed(busy)
    assert [(job["key"], job["status"], job["attempts"], job["failures"]) for job in found] == [
        ("long", "running", 1, 0),
        ("bad", "failed", 2, 2),
        ("good", "done", 1, 0),
    ]
    assert {(job["service"], job["type"], job["tenant"]) for job in found} == {
        ("studio-test-ms", "nexus.studio-test-ms.mix.v1", "acme")
    }
    assert [job["worker_id"] for job in found] == [busy.worker.info.worker_id, None, None]
    assert "SIGKILL" in found[1]["error"]
    assert "body" not in found[0]


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("?service=studio-test-ms", ["long", "bad", "good"]),
        ("?service=fleet-service", []),
        ("?status=failed", ["bad"]),
        ("?service=studio-test-ms&status=queued", []),
    ],
)
async def test_they_are_filtered(busy: TestPlatform, query: str, keys: list[str]) -> None:
    assert [job["key"] for job in await listed(busy, query)] == keys


async def test_they_come_in_pages(busy: TestPlatform) -> None:
    first = (await operator(busy).get(f"{JOBS}?limit=2")).json()
    second = (await operator(busy).get(f"{JOBS}?limit=2&cursor={first['next']}")).json()
    assert [[job["key"] for job in page["items"]] for page in (first, second)] == [["long", "bad"], ["good"]]
    assert second["next"] is None


async def test_they_are_for_operators_of_the_platform_alone(busy: TestPlatform) -> None:
    assert (await busy.http("puabo-os").get(JOBS)).status == 403
    foreign = await busy.http("puabo-os", "os:read", tenant="acme").get(JOBS)
    assert (foreign.status, foreign.json()["code"]) == (403, "platform_only")
    assert (await operator(busy).get(f"{JOBS}?status=lost")).status == 422
