"""Faults of a Redis Cluster. Each ends with the mark from which recovery counts."""

import anyio

from tests.faults.ledger.contract import LEDGER
from tests.faults.recovery import Mark
from tests.faults.stage import Stage
from tests.redis_servers.cluster import RedisCluster


async def fail_over(cluster: RedisCluster, stage: Stage) -> Mark:
    """Kill -9 of a master; its replica takes over, and it comes back, empty, as the replica of that one."""
    account = stage.chance.choice(stage.load.accounts)
    cluster.master_of(LEDGER.stream("commands", LEDGER.partition_of(account))).kill()
    mark = stage.mark("cluster failed over")
    await stage.flows(mark)
    cluster.revive()
    await anyio.to_thread.run_sync(cluster.settle)
    return mark
