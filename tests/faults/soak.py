"""All faults mixed, under load, for some minutes; or many events while workers are killed.

`python -m tests.faults.soak --minutes N` or `--events N`, or `nexus soak`.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

import anyio

from tests.faults import cluster_faults, network_faults, release_faults, server_faults, worker_faults
from tests.faults.checker import Verdict
from tests.faults.endurance import endure
from tests.faults.namespace import Namespace, NoNamespaces, open_namespace
from tests.faults.recovery import Mark
from tests.faults.report import Report, say
from tests.faults.servers import Servers, open_servers
from tests.faults.small_disk import NoSmallDisk
from tests.faults.stage import Stage, open_stage
from tests.redis_servers.cluster import RedisCluster

Fault = Callable[[Stage], Awaitable[Mark]]

OF_WORKERS: Final[tuple[Fault, ...]] = (
    worker_faults.kill_worker,
    worker_faults.freeze_worker,
    worker_faults.roll,
    worker_faults.jump_clock,
    worker_faults.poison,
    worker_faults.slow_reader,
    release_faults.roll_releases,
)
FAULTS: Final[tuple[Fault, ...]] = (
    *OF_WORKERS,
    server_faults.kill_redis,
    server_faults.fill_redis,
    server_faults.flush_redis,
    server_faults.restart_postgres,
    server_faults.kill_postgres,
    server_faults.make_read_only,
    server_faults.break_commit_before,
    server_faults.break_commit_after,
    server_faults.break_commit_late,
    server_faults.cut_power,
    network_faults.drop_replies,
    network_faults.half_close,
    network_faults.delay_replies,
    network_faults.partition,
    network_faults.cut_off,
)
OF_DISKS: Final[tuple[Fault, ...]] = (
    server_faults.fill_disk,
    server_faults.fill_log_disk,
    server_faults.fill_redis_disk,
)
_ON_CLUSTER: Final = 0.25
_CALM_S: Final = 3.0
_FLOWS_S: Final = 60.0
_SETTLE_S: Final = 120.0
_PAUSE_S: Final = 0.1


async def soak(minutes: float, seed: int, folder: Path) -> bool:
    """Run, print, and say whether nothing was lost, doubled or out of order.

    The last quarter of the time, and one fault at the least, is on a Redis Cluster.
    """
    chance = random.Random(seed)  # noqa: S311 - guards nothing
    seconds = minutes * 60
    report = Report()
    with ExitStack() as stack:
        namespace = _namespace(stack)
        async with open_servers(folder / "servers") as servers:
            cabled: tuple[Fault, ...] = (network_faults.cut_cable,) if namespace else ()
            filled = await _fillable(servers)
            opened = open_stage(servers, folder, workers=2, seed=seed, pause_s=_PAUSE_S, namespace=namespace)
            async with opened as stage:
                await _play(stage, (*FAULTS, *cabled, *filled), chance, seconds * (1 - _ON_CLUSTER), report)
            await _on_cluster(servers, folder, chance, seconds * _ON_CLUSTER, report)
    report.show()
    return report.clean


def _namespace(stack: ExitStack) -> Namespace | None:
    try:
        return stack.enter_context(open_namespace())
    except NoNamespaces as reason:
        say(f"{reason} Partitions are made by the proxy alone.")
        return None


async def _fillable(servers: Servers) -> tuple[Fault, ...]:
    try:
        await servers.small_disks()
    except NoSmallDisk as reason:
        say(f"{reason} No disk is filled.")
        return ()
    return OF_DISKS


async def _on_cluster(servers: Servers, folder: Path, chance: random.Random, seconds: float, report: Report) -> None:
    say("on a Redis Cluster of three masters and their replicas")
    cluster = RedisCluster(folder / "cluster")
    try:
        cluster.start()
        place = folder / "on-cluster"
        place.mkdir()
        async with open_stage(servers, place, workers=2, pause_s=_PAUSE_S, redis_url=cluster.url) as stage:
            await _play(stage, (partial(cluster_faults.fail_over, cluster), *OF_WORKERS), chance, seconds, report)
    finally:
        cluster.stop()


async def _play(stage: Stage, faults: Sequence[Fault], chance: random.Random, seconds: float, report: Report) -> None:
    """Inject all faults, in an order that changes each time, until the time is over; then check."""
    end = anyio.current_time() + seconds
    try:
        await _inject(stage, faults, chance, end)
    except (AssertionError, TimeoutError) as error:
        report.failed(str(error) or "A fault did not come about in time.")
    say("checking")
    verdict: Verdict = await stage.verdict(_SETTLE_S)
    report.add(verdict, stage.recovery.table(stage.load.accounts))


async def _inject(stage: Stage, faults: Sequence[Fault], chance: random.Random, end: float) -> None:
    while True:
        for fault in chance.sample(faults, len(faults)):
            mark = await fault(stage)
            recovered = await stage.flows(mark, _FLOWS_S)
            say(f"{mark.fault:<26} flows again after {recovered.all_s:.2f} s")
            await anyio.sleep(chance.uniform(0, _CALM_S))
            if anyio.current_time() >= end:
                return


def main() -> None:
    """Read the arguments, run, and end with 0 only where nothing is wrong."""
    parser = argparse.ArgumentParser(prog="nexus soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--events", type=int, default=None)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if arguments.seed is None else arguments.seed
    say(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="nexus-soak-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        work = partial(soak, arguments.minutes, seed, folder)
        if arguments.events is not None:
            work = partial(endure, arguments.events, arguments.workers, seed, folder, say)
        clean = anyio.run(work, backend_options={"use_uvloop": True})
    sys.exit(0 if clean else 1)


if __name__ == "__main__":
    main()
