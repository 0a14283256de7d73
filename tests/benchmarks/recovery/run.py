"""`nexus bench recovery`: how long faults of real processes stop the flow, on this machine."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import anyio

from tests.benchmarks.figures import Summary
from tests.benchmarks.machine import machine
from tests.benchmarks.recovery.report import Line, Report
from tests.benchmarks.recovery.trials import TRIALS, Measure, Trial, of_cluster
from tests.faults.servers import Servers, open_servers
from tests.faults.stage import Stage, open_stage
from tests.redis_servers.cluster import RedisCluster

Say = Callable[[str], None]
Found = dict[Measure, list[float]]

_CALM_S: Final = 1.0
_WORKERS: Final = 2
_SETTINGS: Final = (
    f"{_WORKERS} worker processes of 3 services with 8 partitions each, and 24 keys, each of them asked without a pause.",
    "An asker that waits in vain gives up after 1.5 s and asks again under the same id; that time is part of the figures.",
    "Counted from: the kill or the stop of a worker; SIGTERM; the instant at which a killed server answers again; the kill of "
    "a cluster's master.",
)


async def measure(folder: Path, rounds: int, lease_s: float, say: Say) -> Report:
    """Measure everything.

    Args:
        folder: where servers and workers may keep their data while it runs.
        lease_s: how long a worker owns a partition without a sign of life.
        say: is told how far it has come.

    Raises:
        AssertionError: after a fault something did not flow again within a minute; the message has the workers' logs.
    """
    found: Found = {}
    environ = {"NEXUS_LEASE_S": f"{lease_s:g}"}
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="recovery-", dir=folder, ignore_cleanup_errors=True) as data:
        async with open_servers(Path(data) / "servers") as servers:
            await _single(servers, Path(data), environ, rounds, found, say)
            await _clustered(servers, Path(data), environ, rounds, found, say)
    lines = [
        Line(name=one.name, rounds=len(times), seconds=Summary.of(times), expected_s=one.expected_s)
        for one, times in found.items()
    ]
    return Report(lease_s=lease_s, machine=machine(), settings=(f"Lease: {lease_s:g} s.", *_SETTINGS), lines=tuple(lines))


async def _single(servers: Servers, folder: Path, environ: Mapping[str, str], rounds: int, found: Found, say: Say) -> None:
    """Everything that is done to one Redis server, on one stage."""
    async with open_stage(servers, folder, workers=_WORKERS, environ=environ) as stage:
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            await _round(stage, TRIALS, found, say)


async def _clustered(servers: Servers, folder: Path, environ: Mapping[str, str], rounds: int, found: Found, say: Say) -> None:
    """The same on a cluster, with workers of its own."""
    async with _open_cluster(folder / "cluster") as cluster:
        logs = folder / "clustered"
        logs.mkdir()
        async with open_stage(servers, logs, workers=_WORKERS, environ=environ, redis_url=cluster.url) as stage:
            for number in range(rounds):
                say(f"cluster, round {number + 1} of {rounds}")
                await _round(stage, of_cluster(cluster), found, say)


@asynccontextmanager
async def _open_cluster(folder: Path) -> AsyncIterator[RedisCluster]:
    cluster = RedisCluster(folder)
    try:
        await anyio.to_thread.run_sync(cluster.start)
        yield cluster
    finally:
        cluster.stop()


async def _round(stage: Stage, trials: Sequence[Trial], found: Found, say: Say) -> None:
    for trial in trials:
        times = await trial.run(stage)
        for one, seconds in zip(trial.measures, times, strict=True):
            found.setdefault(one, []).append(seconds)
            say(f"{one.name}: {seconds:.2f} s")
        await anyio.sleep(_CALM_S)
