"""The streams on a Redis Cluster whose masters die."""

from pathlib import Path

import anyio
import pytest

from tests.faults import cluster_faults, worker_faults
from tests.faults.servers import Servers
from tests.faults.stage import open_stage
from tests.redis_servers.cluster import RedisCluster

pytestmark = pytest.mark.anyio


async def test_a_fail_over_loses_nothing(servers: Servers, cluster: RedisCluster, tmp_path: Path) -> None:
    async with open_stage(servers, tmp_path, redis_url=cluster.url) as stage:
        for _ in range(2):
            await stage.flows(await cluster_faults.fail_over(cluster, stage))
        verdict = await stage.verdict()
        assert verdict.clean, verdict


async def test_a_worker_is_killed_while_a_master_fails_over(servers: Servers, cluster: RedisCluster, tmp_path: Path) -> None:
    async with open_stage(servers, tmp_path, redis_url=cluster.url) as stage:
        async with anyio.create_task_group() as failing:
            failing.start_soon(cluster_faults.fail_over, cluster, stage)
            failing.start_soon(worker_faults.kill_worker, stage)
        await stage.flows(stage.mark("both"))
        verdict = await stage.verdict()
        assert verdict.clean, verdict
