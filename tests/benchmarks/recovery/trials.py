"""What is done to the platform, and how long each of it stops the flow."""

import signal
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from typing import Final

import anyio
from msgspec import Struct

from tests.faults import server_faults, worker_faults
from tests.faults.ledger.contract import LEDGER
from tests.faults.record import History
from tests.faults.recovery import Mark
from tests.faults.stage import Stage
from tests.redis_servers.cluster import RedisCluster

WORKER_S: Final = 10.0
REDIS_S: Final = 5.0
DRAIN_S: Final = 10.0
_FLOWS_S: Final = 60.0

Times = Sequence[float]
OnStage = Callable[[Stage], Awaitable[Times]]


class Measure(Struct, frozen=True):
    """A line of the table.

    Attributes:
        expected_s: what the worst of all rounds is to stay within.
    """

    name: str
    expected_s: float | None = None


class Trial(Struct, frozen=True):
    """A fault, and what is read from it: seconds for each of its measures."""

    measures: tuple[Measure, ...]
    run: OnStage


async def _flows_after(stage: Stage, mark: Mark) -> Times:
    recovered = await stage.flows(mark, _FLOWS_S)
    assert recovered.all_s is not None, "the stage waits for every account"
    return [recovered.all_s]


async def kill_worker(stage: Stage) -> Times:
    """Kill -9 of a worker; another one is started at once."""
    return await _flows_after(stage, await worker_faults.kill_worker(stage))


async def freeze_owner(stage: Stage) -> Times:
    """SIGSTOP of an owner, until all that it owned flows again elsewhere."""
    worker = await stage.owner(stage.chance.choice(stage.load.accounts))
    worker.send(signal.SIGSTOP)
    try:
        return await _flows_after(stage, stage.mark("owner frozen"))
    finally:
        worker.send(signal.SIGCONT)


async def kill_redis(stage: Stage) -> Times:
    """Kill -9 of Redis with all that it has confirmed on the disk; from when it answers again."""
    await stage.servers.kill_redis(lose_tail=False)
    await stage.servers.redis.start()
    return await _flows_after(stage, stage.mark("redis killed"))


async def kill_redis_and_lose(stage: Stage) -> Times:
    """The same, and the last second of its file is lost."""
    return await _flows_after(stage, await server_faults.kill_redis(stage))


async def restart_postgres(stage: Stage) -> Times:
    """PostgreSQL is restarted in good order; from when it answers again."""
    return await _flows_after(stage, await server_faults.restart_postgres(stage))


async def drain(stage: Stage) -> Times:
    """A rolling restart: each worker gets a successor and then SIGTERM."""
    leaving = list(stage.workers)
    began_at, took_s = anyio.current_time(), 0.0
    for worker in leaving:
        await stage.add_workers(1)
        told_at = anyio.current_time()
        await stage.remove(worker)
        took_s = max(took_s, anyio.current_time() - told_at)
    await stage.flows(stage.mark("drained"), _FLOWS_S)
    return [took_s, longest_silence(stage.load.history, stage.load.accounts, began_at, anyio.current_time())]


def fail_over(cluster: RedisCluster) -> OnStage:
    """Kill -9 of a master of a cluster, whose replica stands in for it; from the kill on."""

    async def trial(stage: Stage) -> Times:
        stream = LEDGER.stream("commands", stage.chance.randrange(LEDGER.partitions))
        await anyio.to_thread.run_sync(cluster.settle)
        cluster.master_of(stream).kill()
        times = await _flows_after(stage, stage.mark("master killed"))
        cluster.revive()  # from this thread: the kernel ends the servers of a thread with it
        return times

    return trial


def longest_silence(history: History, accounts: Sequence[str], begin: float, end: float) -> float:
    """The longest time between two answers to one account within a span, in seconds.

    The load asks without a pause, so that silence is a standstill.
    """
    answers: dict[str, list[float]] = defaultdict(list)
    for operation in history.operations:
        if operation.outcome != "unknown" and begin <= operation.answered_at <= end:
            answers[operation.account].append(operation.answered_at)
    waits = []
    for account in accounts:
        instants = [begin, *sorted(answers[account]), end]
        waits += [later - earlier for earlier, later in pairwise(instants)]
    return max(waits)


TRIALS: Final = (
    Trial((Measure("worker killed (kill -9)", WORKER_S),), kill_worker),
    Trial((Measure("owner frozen (SIGSTOP)", WORKER_S),), freeze_owner),
    Trial((Measure("Redis killed and started again", REDIS_S),), kill_redis),
    Trial((Measure("the same, its last second lost", REDIS_S),), kill_redis_and_lose),
    Trial((Measure("PostgreSQL restarted"),), restart_postgres),
    Trial((Measure("rolling restart: SIGTERM to exit", DRAIN_S), Measure("rolling restart: longest silence of a key")), drain),
)


def of_cluster(cluster: RedisCluster) -> tuple[Trial, ...]:
    """The trials of a stage on a Redis Cluster."""
    return (Trial((Measure("master of a Redis Cluster killed"),), fail_over(cluster)),)
