"""Faults of workers. Each ends with the mark from which recovery counts."""

import signal
from collections.abc import Sequence
from typing import Final

import anyio

from nexus_actors.operations.dead_letters import DeadLetters
from nexus_actors.postgres.database import PostgresDatabase
from nexus_actors.postgres.dead_letters import PostgresDeadLetters
from nexus_actors.postgres.pool import open_pool
from tests.faults.ledger.contract import POISON
from tests.faults.process import Worker
from tests.faults.record import Operation
from tests.faults.recovery import Mark
from tests.faults.stage import HOUR_S, LEASE_S, RETRY_S, Stage
from tests.poison import WAYS

_FROZEN_S: Final = 3 * LEASE_S
_LINGER_S: Final = 0.6
_BETWEEN_S: Final = 0.5
_SLOW_S: Final = 3.0
_POISONS: Final = 3


async def kill_worker(stage: Stage) -> Mark:
    """Kill -9 of any worker, and another one in its place."""
    worker = stage.chance.choice(stage.workers)
    stage.workers.remove(worker)
    await worker.kill()
    mark = stage.mark("worker killed")
    await stage.add_workers(1)
    return mark


async def freeze_in_turn(stage: Stage) -> tuple[Mark, Worker, Operation]:
    """Stop an owner in the middle of a turn, for three lease times, then let it go on: somebody else has done its work."""
    account = stage.chance.choice(stage.load.accounts)
    operation = stage.load.prepare(account, 1)
    operation.linger_s = _LINGER_S
    async with anyio.create_task_group() as asking:
        worker = await stage.owner(account)
        asking.start_soon(stage.load.ask, operation)
        await stage.until(lambda: worker.tuning.lingering)
        worker.send(signal.SIGSTOP)
        await anyio.sleep(_FROZEN_S)
        worker.send(signal.SIGCONT)
        mark = stage.mark("owner frozen")
    return mark, worker, operation


async def freeze_worker(stage: Stage) -> Mark:
    """See `freeze_in_turn`."""
    mark, _, _ = await freeze_in_turn(stage)
    return mark


async def roll(stage: Stage) -> Mark:
    """Down to one worker, up to four and back to two, each in order, under load."""
    for worker in stage.workers[1:]:
        await stage.remove(worker)
    await stage.add_workers(3)
    for worker in stage.workers[:2]:
        await stage.remove(worker)
    return stage.mark("workers rolled")


async def jump_clock(stage: Stage) -> Mark:
    """One worker's clock goes an hour forward, then an hour back while it holds a key back, then right again."""
    account = stage.chance.choice(stage.load.accounts)
    operation = stage.load.prepare(account, 1)
    operation.fails = 1
    worker = await stage.owner(account)
    stage.clocks_jumped = True
    async with anyio.create_task_group() as asking:
        worker.tuning.clock_offset_s = HOUR_S
        await anyio.sleep(_BETWEEN_S)
        asking.start_soon(stage.load.ask, operation)
        await anyio.sleep(RETRY_S / 2)
        worker.tuning.clock_offset_s = -HOUR_S
        await anyio.sleep(_BETWEEN_S)
        worker.tuning.clock_offset_s = 0
    return stage.mark("clock jumped")


async def poison(stage: Stage, ways: Sequence[str] = ()) -> Mark:
    """Messages that always fail, each in its way; an operator drops them, and what waits behind them goes on.

    Args:
        ways: of `tests.poison`; some of them when left out.
    """
    count = len(stage.load.history.operations)
    async with anyio.create_task_group() as poisoning:
        for number, way in enumerate(ways or stage.chance.sample(WAYS, _POISONS)):
            poisoning.start_soon(_poison, stage, f"poisoned-{count}-{number}", way)
    return stage.mark("messages poisoned")


async def _poison(stage: Stage, account: str, way: str) -> None:
    first = stage.load.prepare(account, 1)
    bad = stage.load.prepare(account, POISON, first)
    bad.spoils = way
    behind = [stage.load.prepare(account, amount, bad) for amount in (2, 3)]
    for operation in (first, bad, *behind):
        await stage.load.ask(operation)
    assert [operation.outcome for operation in (bad, *behind)] == ["parked"] * 3, way
    opened = open_pool(stage.database_url, schema="nexus", application_name="faults", max_size=1, read_only=True)
    async with opened as pool:
        desk = DeadLetters(PostgresDeadLetters(PostgresDatabase(pool, read_only=True)), stage.load.asker)
        stage.load.history.dropped.add(bad.message_id)
        await desk.drop([bad.message_id])


async def slow_reader(stage: Stage) -> Mark:
    """One reader of the ledger is slow while the others are fast and have the streams trimmed."""
    with stage.slow_archive():
        await anyio.sleep(_SLOW_S)
    return stage.mark("reader slow")
