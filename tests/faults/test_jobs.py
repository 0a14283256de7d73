"""Jobs while workers and servers die: each is done, by one worker at a time, and its end told once."""

import signal
from pathlib import Path

import anyio
import pytest

from tests.faults.job_stage import LEASE_S, is_gone, open_job_stage
from tests.faults.servers import Servers

pytestmark = pytest.mark.anyio


async def test_the_job_of_a_killed_worker_is_done_elsewhere_and_nothing_of_it_is_left_running(
    servers: Servers, tmp_path: Path
) -> None:
    async with open_job_stage(servers, tmp_path) as stage:
        job_id = await stage.start("program", "until go")
        first = await stage.begun(0)
        await (await stage.owner(job_id)).kill()
        with anyio.fail_after(10):
            await stage.begun(1)
        assert is_gone(first)
        assert (await stage.asked("SELECT losses FROM nexus.jobs")) == 1
        stage.let("go")
        await stage.hears("done")


async def test_a_worker_that_freezes_loses_its_job_and_its_work_ends_before_another_one_begins(
    servers: Servers, tmp_path: Path
) -> None:
    async with open_job_stage(servers, tmp_path) as stage:
        job_id = await stage.start("until go")
        first = await stage.begun(0)
        frozen = await stage.owner(job_id)
        frozen.send(signal.SIGSTOP)
        await stage.begun(1)
        assert is_gone(first)
        await anyio.sleep(3 * LEASE_S)
        frozen.send(signal.SIGCONT)
        await stage.until(lambda: any(frozen.lines("job_let_go")))
        stage.let("go")
        await stage.hears("done")


async def test_the_result_of_a_worker_that_wakes_up_too_late_is_not_taken(servers: Servers, tmp_path: Path) -> None:
    async with open_job_stage(servers, tmp_path) as stage:
        job_id = await stage.start("sleep 0.5", "result first")
        await stage.begun(0)
        frozen = await stage.owner(job_id)
        frozen.send(signal.SIGSTOP)
        await stage.until((tmp_path / "left-0").exists)
        await stage.begun(1)
        await stage.hears("done")
        assert await stage.status(job_id) == "done"
        frozen.send(signal.SIGCONT)
        await stage.until(lambda: any(frozen.lines("job_let_go")))
        await stage.hears("done")


async def test_an_end_is_told_once_redis_is_back(servers: Servers, tmp_path: Path) -> None:
    async with open_job_stage(servers, tmp_path) as stage:
        job_id = await stage.start("until go")
        await stage.begun(0)
        await servers.redis.stop()
        try:
            stage.let("go")
            with anyio.fail_after(10):
                while await stage.status(job_id) != "done":  # noqa: ASYNC110 - nobody tells
                    await anyio.sleep(0.05)
            await anyio.sleep(1)
        finally:
            await servers.redis.start()
        await stage.hears("done", within_s=40)


async def test_an_end_that_redis_has_lost_with_its_tail_is_told(servers: Servers, tmp_path: Path) -> None:
    async with open_job_stage(servers, tmp_path) as stage:
        job_id = await stage.start("until go")
        await stage.begun(0)
        for worker in stage.workers:  # the loops read nothing while Redis has what it will lose
            if worker is not await stage.owner(job_id):
                worker.send(signal.SIGSTOP)
        stage.let("go")
        await servers.kill_redis(lose_tail=True)
        await servers.redis.start()
        for worker in stage.workers:
            worker.send(signal.SIGCONT)
        await stage.hears("done", within_s=40)


async def test_a_restart_of_postgresql_in_the_middle_costs_no_attempt(servers: Servers, tmp_path: Path) -> None:
    async with open_job_stage(servers, tmp_path) as stage:
        job_id = await stage.start("until go")
        await stage.begun(0)
        await servers.postgres.stop()
        await servers.postgres.start()
        stage.let("go")
        await stage.hears("done")
        assert await stage.status(job_id) == "done"
        assert await stage.asked("SELECT failures FROM nexus.jobs") == 0
