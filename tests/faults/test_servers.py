"""Servers that die, restart, fill up and forget."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest

from tests.absence import leave_out
from tests.faults import server_faults
from tests.faults.recovery import Mark
from tests.faults.servers import Servers
from tests.faults.small_disk import NoSmallDisk
from tests.faults.stage import HOUR_S, Stage, open_stage

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "fault",
    [
        server_faults.kill_redis,
        server_faults.fill_redis,
        server_faults.restart_postgres,
        server_faults.kill_postgres,
        server_faults.make_read_only,
        server_faults.break_commit_before,
        server_faults.break_commit_after,
        server_faults.break_commit_late,
    ],
    ids=lambda fault: fault.__name__,
)
async def test_nothing_is_lost(fault: Callable[[Stage], Awaitable[Mark]], servers: Servers, tmp_path: Path) -> None:
    async with open_stage(servers, tmp_path) as stage:
        await stage.flows(await fault(stage))
        verdict = await stage.verdict()
        assert verdict.clean, verdict


@pytest.fixture
def small_servers(servers: Servers) -> Servers:
    """The servers, with disks that can be filled."""
    try:
        anyio.run(servers.small_disks)
    except NoSmallDisk as reason:
        leave_out(str(reason))
    return servers


@pytest.mark.parametrize(
    "fault",
    [server_faults.fill_disk, server_faults.fill_log_disk, server_faults.fill_redis_disk],
    ids=lambda fault: fault.__name__,
)
async def test_a_full_disk_loses_nothing(
    fault: Callable[[Stage], Awaitable[Mark]], small_servers: Servers, tmp_path: Path
) -> None:
    async with open_stage(small_servers, tmp_path) as stage:
        await stage.flows(await fault(stage))
        verdict = await stage.verdict()
        assert verdict.clean, verdict


async def test_a_power_cut_loses_nothing(servers: Servers, tmp_path: Path) -> None:
    async with open_stage(servers, tmp_path) as stage:
        await stage.flows(await server_faults.cut_power(stage))
        verdict = await stage.verdict()
        assert verdict.clean, verdict


async def test_a_lost_tail_is_replayed_by_any_clock(servers: Servers, tmp_path: Path) -> None:
    async with open_stage(servers, tmp_path) as stage:
        stage.clocks_jumped = True
        for worker in stage.workers:
            worker.tuning.clock_offset_s = HOUR_S
        await stage.flows(stage.mark("clocks ahead"))
        await stage.flows(await server_faults.kill_redis(stage))
        verdict = await stage.verdict()
        assert verdict.clean, verdict


async def test_what_a_flush_has_removed_comes_back(servers: Servers, tmp_path: Path) -> None:
    async with open_stage(servers, tmp_path) as stage:
        await stage.flows(await server_faults.flush_redis(stage))
        verdict = await stage.verdict()
        assert verdict.clean, verdict
