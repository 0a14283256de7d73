"""The trial under kill -9: numbered messages are handed over while workers are killed; what became of them is counted."""

import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import anyio
from msgspec import Struct

from bus import new_id
from tests.benchmarks.kills.contender import Contender, Numbers
from tests.benchmarks.kills.victim import Victim
from tests.faults.checker import Verdict, check_reader
from tests.faults.evidence import Entry, Handled

WORKERS: Final = 2
KEYS: Final = 16
_BURST: Final = 25
_BETWEEN_BURSTS_S: Final = 0.25
_BETWEEN_KILLS_S: Final = (1.0, 3.0)
_STARTS_S: Final = 60.0
_LATER_S: Final = 0.5
_ASIDE: Final = "aside"


class Pace(Struct, frozen=True):
    """How long a trial is.

    Attributes:
        messages: how many are handed over and counted.
        longest_s: after which no more are handed over, on a machine that is slow.
        settle_s: how long after the last one is waited. Messages that do not count go on, as some libraries look for what is
            left over only when something comes.
    """

    messages: int = 1_200
    longest_s: float = 18.0
    settle_s: float = 16.0


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of the messages of one that took part.

    Attributes:
        never: not handled when the trial ended.
        twice: handled more than once.
        disordered: handled after a later one of their key; repeats count too.
    """

    name: str
    settings: str
    messages: int
    kills: int
    never: int
    twice: int
    disordered: int


def numbered(count: int) -> Numbers:
    """Messages of all keys in turn, each key's numbered from 1 on."""
    return [(f"key-{place % KEYS}", place // KEYS + 1) for place in range(count)]


def judge(messages: Numbers, effects: Sequence[Handled]) -> Verdict:
    """Hold what was done against what was handed over, with the checker of the faults.

    What was handed over counts as entries of the keys, and who handled it as a reader of them.
    """
    by_key: dict[str, list[Entry]] = defaultdict(list)
    for key, number in messages:
        by_key[key].append(Entry(key, number, new_id(), 0))
    verdict = Verdict()
    check_reader(verdict, "", [effect for effect in effects if effect.account != _ASIDE], by_key)
    return verdict


class Trial:
    """The trial of one that takes part.

    Args:
        folder: where its workers write what they have to say.
    """

    def __init__(self, contender: Contender, chance: random.Random, folder: Path, pace: Pace) -> None:
        self._contender = contender
        self._chance = chance
        self._log = folder / f"{contender.name}.log"
        self._pace = pace
        self._victims: list[Victim] = []
        self._kills = 0
        self._aside = 0

    async def run(self) -> Outcome:
        """Run it.

        Raises:
            TimeoutError: no worker has handled anything in half a minute.
        """
        messages = numbered(self._pace.messages)
        try:
            self._start(WORKERS)
            await self._wait_for_the_first()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._kill_on)
                messages = await self._hand_over(messages)
                tasks.cancel_scope.cancel()
            await self._settle()
        finally:
            with anyio.CancelScope(shield=True):
                for victim in self._victims:
                    await victim.kill()
        verdict = judge(messages, await self._contender.effects())
        return Outcome(
            name=self._contender.name,
            settings=self._contender.settings,
            messages=len(messages),
            kills=self._kills,
            never=verdict.lost,
            twice=verdict.doubled,
            disordered=verdict.disordered,
        )

    def _start(self, count: int) -> None:
        self._victims += [Victim(self._contender.command, self._contender.environ, self._log) for _ in range(count)]

    async def _send_aside(self) -> None:
        """A message that does not count."""
        self._aside += 1
        await self._contender.send([(_ASIDE, self._aside)])

    async def _wait_for_the_first(self) -> None:
        """Until a worker works: some libraries drop what came before the first one."""
        with anyio.fail_after(_STARTS_S):
            while not await self._contender.effects():
                await self._send_aside()
                await anyio.sleep(_LATER_S)

    async def _hand_over(self, messages: Numbers) -> Numbers:
        """Hand messages over, in bursts; return those that were."""
        end = anyio.current_time() + self._pace.longest_s
        for start in range(0, len(messages), _BURST):
            if anyio.current_time() >= end:
                return messages[:start]
            await self._contender.send(messages[start : start + _BURST])
            await anyio.sleep(_BETWEEN_BURSTS_S)
        return messages

    async def _kill_on(self) -> None:
        """Kill any worker now and then; another one is started in its place at once."""
        while True:
            await anyio.sleep(self._chance.uniform(*_BETWEEN_KILLS_S))
            victim = self._victims.pop(self._chance.randrange(len(self._victims)))
            with anyio.CancelScope(shield=True):
                await victim.kill()
            self._kills += 1
            self._start(1)

    async def _settle(self) -> None:
        with anyio.move_on_after(self._pace.settle_s):
            while True:
                await self._send_aside()
                await anyio.sleep(_LATER_S)
