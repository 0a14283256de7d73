"""Jobs of workers that end, freeze and share."""

from pathlib import Path

import anyio
import psutil
import pytest

from nexus_actors.jobs import runner
from tests.nexus_actors.jobs.stage import LEASE_S, open_studio

pytestmark = pytest.mark.anyio


async def test_a_worker_that_drains_hands_its_job_back_at_once_and_it_counts_as_no_failure(
    database_url: str, tmp_path: Path
) -> None:
    patient = {"NEXUS_LEASE_S": "10"}  # a busy machine must not cost the lease here
    async with open_studio(database_url, tmp_path, None, **patient) as studio:
        job_id = await studio.start("until go")
        await studio.until(lambda: studio.has("began-0"))
    assert (tmp_path / "left-0").exists(), "the work could clean up"
    async with open_studio(database_url, tmp_path, None, NEXUS_JOB_SLOTS="0", **patient) as studio:
        assert await studio.count("status = 'queued' AND failures = 0 AND losses = 0") == 1
    (tmp_path / "go").touch()
    async with open_studio(database_url, tmp_path, None, **patient) as studio:
        assert await studio.hears() == [("done", "mixed")]
        assert (await studio.status(job_id)).attempts == 2


async def test_no_job_is_done_by_two_workers_at_once(database_url: str, tmp_path: Path) -> None:
    async with (
        open_studio(database_url, tmp_path, NEXUS_JOB_SLOTS="2") as one,
        open_studio(database_url, tmp_path, one.platform.worker.streams, NEXUS_JOB_SLOTS="2") as other,
    ):
        jobs = [await one.start("sleep 0.1", track=f"t{number}") for number in range(8)]
        for job in jobs:
            await one.becomes(job, "done")
        assert await one.count("generation = 1 AND losses = 0 AND failures = 0") == len(jobs)
        assert await other.count("owner IS NOT NULL") == 0


async def test_a_job_whose_lease_is_lost_is_ended_and_its_end_not_written(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        job_id = await studio.start("until go")
        await studio.until(lambda: studio.has("began-0"))
        turns = studio.platform.worker.hosts["studio-test-ms"].turns
        await turns.execute("UPDATE nexus.jobs SET owner = 'another', generation = generation + 1, lease_until = 'infinity'")
        work = psutil.Process(int((tmp_path / "began-0").read_text()))
        with anyio.fail_after(5 * LEASE_S):
            while work.is_running() and work.status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110 - the kernel tells nobody
                await anyio.sleep(0.02)
        await anyio.sleep(0.5)
        assert (await studio.status(job_id)).status == "running"
        assert studio.heard() == []


async def test_a_job_whose_workers_die_again_and_again_is_given_up(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "MOST_LOSSES", 2)
    async with open_studio(database_url, tmp_path, NEXUS_JOB_SLOTS="0") as studio:
        await studio.start()
        turns = studio.platform.worker.hosts["studio-test-ms"].turns
        for _ in range(2):
            await turns.execute("UPDATE nexus.jobs SET status = 'running', owner = 'dead', lease_until = '-infinity'")
            await studio.counts("status = 'queued'")
        assert await studio.count("losses = 2") == 1
    async with open_studio(database_url, tmp_path) as studio:
        assert await studio.hears() == [("failed", "2 workers died or froze while they did it.")]
        assert not studio.has("began-0")
