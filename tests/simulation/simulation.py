"""Running one seed."""

from random import Random

import anyio
from msgspec import Struct

from nexus_actors.identity import Identity
from tests.simulation.chaos import Chaos
from tests.simulation.checker import unrest, violations
from tests.simulation.virtual_loop import run_virtually
from tests.simulation.world import World

WALKERS = [Identity(tenant, walker) for walker in ("w0", "w1") for tenant in ("red", "blue")]
"""Those of two tenants, with the same keys."""
STEPS = 9
_REST_WITHIN_S = 120.0


class Outcome(Struct):
    """What a run came to.

    Attributes:
        violations: the promises that were broken.
        trace: what happened.
        digest: tells two traces apart.
    """

    violations: list[str]
    trace: list[str]
    digest: str


def simulate(seed: int, *, cuts: bool = False) -> Outcome:
    """Run one seed. The same seed gives the same run, to the last line of its trace. For ``cuts`` see `Chaos`."""
    chance = Random(seed)  # noqa: S311 - it is to be known, not secret
    outcome: Outcome = run_virtually(lambda: _run(chance, cuts=cuts), chance)
    return outcome


async def _run(chance: Random, *, cuts: bool) -> Outcome:
    async with anyio.create_task_group() as tasks:
        world = World(chance, tasks)
        await world.register()
        for _ in range(chance.randint(1, 3)):
            world.start_worker()
        chaos = Chaos(world, cuts=cuts)
        chaos.brew()
        tasks.start_soon(world.operate)
        async with anyio.create_task_group() as walks:
            for walker in WALKERS:
                walks.start_soon(world.walk, walker, STEPS)
            await chaos.run()
            world.calm()
            if not world.living:
                world.start_worker()
            found = await _rest(world, walks.cancel_scope)
        found += await violations(world)
        for worker in world.workers:
            worker.kill()
        tasks.cancel_scope.cancel()
    return Outcome(found, world.trace.lines, world.trace.digest)


async def _rest(world: World, walks: anyio.CancelScope) -> list[str]:
    """Wait until everything has been at rest for a while; what is still under way if that takes too long."""
    quiet = 0
    with anyio.move_on_after(_REST_WITHIN_S):
        while quiet < 4:
            done = all(len(ids) == len(world.taken(walker)) for walker, ids in world.sent.items())
            quiet = quiet + 1 if done and await unrest(world) is None else 0
            await anyio.sleep(0.5)
        return []
    why = await unrest(world) or "steps are not taken"
    walks.cancel()
    return [f"no rest after {_REST_WITHIN_S} s: {why}"]
