"""Many events through a few workers that are killed at random: nothing lost, nothing twice, order kept, memory flat."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import anyio
from anyio.abc import TaskGroup

from tests.faults.checker import Verdict, check
from tests.faults.evidence import Collector
from tests.faults.load import Load
from tests.faults.memory import Sample, grown, sample
from tests.faults.servers import open_servers
from tests.faults.stage import Stage, open_stage

ROUND: Final = 50_000
_ACCOUNTS: Final = 64
_BURST: Final = 48
_PATIENCE_S: Final = 3.0
_SETTLE_S: Final = 120.0
_CALM_S: Final = (5.0, 15.0)
_SAMPLE_S: Final = 1.0
_LOOK_S: Final = 0.1
_COUNT: Final = "SELECT (SELECT count(*) FROM entries) AS entries, (SELECT count(*) FROM outbox) AS events"


class Endurance:
    """A run. It goes round by round, so that the history of all of it need not be in memory: each round has accounts of its own
    and is checked at its end, while the workers, the servers and what they hold live on.

    Args:
        accounts: how many a round has.
        round_size: how many events a round has, or somewhat more.
        calm_s: the shortest and the longest time between two kills.

    Attributes:
        verdict: what all rounds came to.
        kills: how many workers were killed.
        samples: of the memory, each second.
    """

    def __init__(
        self,
        stage: Stage,
        say: Callable[[str], None],
        *,
        accounts: int = _ACCOUNTS,
        round_size: int = ROUND,
        calm_s: tuple[float, float] = _CALM_S,
    ) -> None:
        self._stage = stage
        self._chance = stage.chance
        self._accounts = accounts
        self._say = say
        self._round_size = round_size
        self._calm_s = calm_s
        self._asker = stage.load.asker
        self._collector: Collector = stage.collector()
        self.verdict = Verdict()
        self.kills = 0
        self.samples: list[Sample] = []

    async def run(self, events: int) -> None:
        """Until so many events were posted."""
        began_at = anyio.current_time()
        await self._conclude("account")
        memory = f"{'Redis MiB':>10} {'witness MiB':>12} {'others MiB':>11}"
        self._say(f"{'events':>9} {'s':>7} {'kills':>6} {memory} {'lost':>6} {'doubled':>8} {'out of order':>13}")
        number = 0
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._kill)
            tasks.start_soon(self._watch)
            while self.verdict.effects < events:
                number += 1
                await self._round(f"round-{number}", min(self._round_size, events - self.verdict.effects), tasks)
                self._report(anyio.current_time() - began_at)
            tasks.cancel_scope.cancel()
        await self._count()

    async def _round(self, name: str, goal: int, tasks: TaskGroup) -> None:
        load = Load(
            self._asker, self._chance, accounts=self._accounts, pause_s=0, timeout_s=_PATIENCE_S, burst=_BURST, name=f"{name}/"
        )
        self._stage.load = load
        load.start(tasks)
        while load.accepted < goal:  # noqa: ASYNC110 - nobody tells
            await anyio.sleep(_LOOK_S)
        await self._conclude(f"{name}/")

    async def _conclude(self, name: str) -> None:
        await self._stage.settle(self._collector, _SETTLE_S)
        self.verdict.add(check(self._stage.load.history, await self._collector.collect(name)))

    async def _kill(self) -> None:
        """Kill -9 of any worker but the first, and another one in its place, again and again."""
        while True:
            await anyio.sleep(self._chance.uniform(*self._calm_s))
            doomed = self._chance.choice(self._stage.workers[1:])
            self._stage.workers.remove(doomed)
            await doomed.kill()
            self.kills += 1
            await self._stage.add_workers(1)

    async def _watch(self) -> None:
        while True:
            self.samples.append(await sample(self._stage))
            await anyio.sleep(_SAMPLE_S)

    def _report(self, took_s: float) -> None:
        now, found = self.samples[-1], self.verdict
        memory = f"{now.redis:>10.1f} {now.witness:>12.1f} {now.others:>11.1f}"
        wrong = f"{found.lost:>6} {found.doubled:>8} {found.disordered:>13}"
        self._say(f"{found.effects:>9} {took_s:>7.0f} {self.kills:>6} {memory} {wrong}")

    async def _count(self) -> None:
        """Whether nothing came after the end of its round."""
        async with self._collector.database() as database:
            row = (await database.fetch("ledger_ms", _COUNT))[0]
        for what in ("entries", "events"):
            if row[what] != self.verdict.effects:
                self.verdict.found(
                    "doubled", f"there are {row[what]} {what} after {self.verdict.effects} were counted by rounds"
                )

    def grown(self) -> list[str]:
        """Whose memory has grown."""
        series = {"Redis": [s.redis for s in self.samples], "the first worker": [s.witness for s in self.samples]}
        return [name for name, values in series.items() if grown(values)]


@asynccontextmanager
async def open_endurance(folder: Path, seed: int, workers: int, say: Callable[[str], None]) -> AsyncIterator[Endurance]:
    """Servers and workers for a run, in a folder."""
    async with (
        open_servers(folder / "servers") as servers,
        open_stage(servers, folder, workers=workers, seed=seed, proxied=False) as stage,
    ):
        yield Endurance(stage, say)


async def endure(events: int, workers: int, seed: int, folder: Path, say: Callable[[str], None]) -> bool:
    """Run, print, and say whether all was well."""
    async with open_endurance(folder, seed, workers, say) as endurance:
        await endurance.run(events)
    verdict, samples = endurance.verdict, endurance.samples
    say(f"\n{verdict.effects} events through {workers} workers, of which {endurance.kills} were killed and replaced")
    for name, values in {"Redis": [s.redis for s in samples], "first worker": [s.witness for s in samples]}.items():
        say(f"memory of {name}: {min(values):.1f} to {max(values):.1f} MiB, {values[-1]:.1f} at the end")
    for name in endurance.grown():
        say(f"  the memory of {name} has grown")
    say(f"{verdict}")
    return verdict.clean and not endurance.grown()
