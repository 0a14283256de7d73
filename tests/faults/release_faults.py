"""Two releases of the services side by side. The fault ends with the mark from which recovery counts."""

import anyio

from tests.faults.record import Operation
from tests.faults.recovery import Mark
from tests.faults.stage import NEXT, OLD, Stage

_GIFTS = 6
_MIXED_S = 1.0


async def deploy(stage: Stage, program: str) -> None:
    """Workers of another release take the places of those that run, one by one, while some of their clients are newer too."""
    leaving = list(stage.workers)
    stage.program = program
    gifts: list[Operation] = []
    async with anyio.create_task_group() as clients:
        for worker in leaving:
            await stage.add_workers(1)
            for gift in give(stage):
                gifts.append(gift)
                clients.start_soon(stage.load.ask, gift)
            await anyio.sleep(_MIXED_S)
            await stage.remove(worker)
        if program == OLD:
            # Their clients go on asking until the newer release is there again: nothing of it may be lost meanwhile.
            await anyio.sleep(_MIXED_S)
            await _up(stage)


async def _up(stage: Stage) -> None:
    leaving = list(stage.workers)
    stage.program = NEXT
    for worker in leaving:
        await stage.add_workers(1)
        await anyio.sleep(_MIXED_S)
        await stage.remove(worker)


def give(stage: Stage) -> list[Operation]:
    """Commands that only the next release knows."""
    accounts = stage.chance.sample(stage.load.accounts, _GIFTS)
    return [stage.load.prepare(account, stage.chance.randint(0, 99), gift=True) for account in accounts]


async def roll_releases(stage: Stage) -> Mark:
    """Up to the next release where it is not there yet, down to the old one, and up again."""
    if stage.program == OLD:
        await deploy(stage, NEXT)
    await deploy(stage, OLD)
    return stage.mark("releases rolled")
