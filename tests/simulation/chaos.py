"""What goes wrong while messages flow. The seed decides what, when and how badly."""

from collections.abc import Callable, Coroutine
from typing import Any

import anyio

from tests.simulation.network import Weather
from tests.simulation.world import World

CHAOS_S = 12.0


class Chaos:
    """The faults of one run.

    Args:
        cuts: workers are cut off from one of the servers too, while others reach it.
    """

    def __init__(self, world: World, *, cuts: bool = False) -> None:
        self._world = world
        self._chance = world.chance
        self._faults: list[Callable[[], Coroutine[Any, Any, None]]] = [
            self._kill,
            self._kill,
            self._pause,
            self._pause,
            self._replace,
            self._grow,
            self._restart_streams,
            self._restart_streams,
            self._empty_streams,
            self._restart_database,
            self._jump,
        ]
        if cuts:
            self._faults += [self._cut] * len(self._faults)

    def brew(self) -> None:
        """Choose the weather of the run."""
        pick = self._chance.choice
        self._world.network.weather = Weather(
            lost_request=pick([0.0, 0.01, 0.05]),
            lost_reply=pick([0.0, 0.01, 0.05]),
            late=pick([0.0, 0.01, 0.05]),
            slow=pick([0.0, 0.02, 0.1]),
            latency_s=pick([0.001, 0.005, 0.03]),
        )
        self._world.stumbles = pick([0.0, 0.05, 0.3])

    async def run(self) -> None:
        """Faults for `CHAOS_S` seconds, some of them at the same time."""
        every_s = self._chance.choice([0.7, 1.5, 4.0])
        async with anyio.create_task_group() as faults:
            with anyio.move_on_after(CHAOS_S):
                while True:
                    await anyio.sleep(self._chance.expovariate(1 / every_s))
                    faults.start_soon(self._chance.choice(self._faults))

    async def _kill(self) -> None:
        if living := self._world.living:
            victim = self._chance.choice(living)
            self._world.trace.note(victim.name, "KILLED")
            victim.kill()
            await anyio.sleep(self._chance.uniform(0, 3))
            self._world.start_worker()

    async def _pause(self) -> None:
        if living := self._world.living:
            victim, pause_s = self._chance.choice(living), self._chance.choice([0.3, 2.0, 4.5, 6.0, 12.0])
            self._world.trace.note(victim.name, f"FROZEN for {pause_s} s")
            victim.line.freeze()
            await anyio.sleep(pause_s)
            self._world.trace.note(victim.name, "GOES ON")
            victim.line.thaw()

    async def _cut(self) -> None:
        if living := self._world.living:
            victim, server = self._chance.choice(living), self._chance.choice(["streams", "database"])
            cut_s = self._chance.choice([0.5, 4.0, 11.0, 20.0])
            self._world.trace.note(victim.name, f"CUT OFF from {server} for {cut_s} s")
            victim.line.cut_from.add(server)
            await anyio.sleep(cut_s)
            self._world.trace.note(victim.name, f"REACHES {server}")
            victim.line.cut_from.discard(server)

    async def _replace(self) -> None:
        if living := self._world.living:
            victim = self._chance.choice(living)
            self._world.trace.note(victim.name, "DRAINS")
            self._world.start_worker()
            await victim.drain()

    async def _grow(self) -> None:
        if len(self._world.living) < 4:
            self._world.start_worker()

    async def _restart_streams(self) -> None:
        server, streams = self._world.network.streams, self._world.streams
        if not server.up:
            return
        lost_ms = self._chance.choice([0, 50, 500, 1_000])
        lost_since_ms = self._world.stream_ms() - lost_ms
        self._world.trace.note("streams", f"DOWN, losing {lost_ms} ms")
        server.stop()
        streams.stop()
        await anyio.sleep(self._chance.choice([0.05, 0.5, 3.0]))
        self._world.stream_skew_ms += self._chance.choice([0, 0, -2_000, 3_000])
        streams.restart(lost_since_ms=lost_since_ms)
        server.up = True
        self._world.trace.note("streams", "UP")

    async def _empty_streams(self) -> None:
        if self._world.network.streams.up:
            self._world.trace.note("streams", "EMPTIED")
            self._world.streams.empty()

    async def _restart_database(self) -> None:
        server = self._world.network.database
        if not server.up:
            return
        self._world.trace.note("database", "DOWN")
        server.stop()
        await anyio.sleep(self._chance.choice([0.05, 0.5, 3.0, 7.0]))
        server.up = True
        self._world.trace.note("database", "UP")

    async def _jump(self) -> None:
        if living := self._world.living:
            victim = self._chance.choice(living)
            victim.skew_s = self._chance.choice([-30.0, -3.0, 0.0, 3.0, 30.0])
            self._world.trace.note(victim.name, f"CLOCK WRONG by {victim.skew_s} s")
