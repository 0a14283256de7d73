"""`nexus bench bus`: Nexus COS beside its peers, on this machine, in one run."""

import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Final

from msgspec import Struct

from nexus_actors.telemetry.logs import configure_logs
from nexus_actors.worker.worker import utc_now
from tests.benchmarks.arena import Arena, Figures, open_arena
from tests.benchmarks.figures import Better, Comparison, compare
from tests.benchmarks.kills.trial import Outcome
from tests.benchmarks.machine import machine
from tests.benchmarks.ours import BATCH
from tests.benchmarks.report import Report, Tried, best

Say = Callable[[str], None]
Measured = tuple[str, str]
_LIBRARIES: Final = ("uvloop", "redis", "hiredis", "asyncpg", "msgspec")
_OURS: Final = ""
_SHARE_TO_TRY: Final = 25
_TRIES: Final = 3
_QUEUES: Final = ("taskiq", "streaq", "arq")


class Line(Struct, frozen=True):
    """A line of the table: a measurement of ours beside one of a peer's.

    Attributes:
        peer: its key; see `tests.benchmarks.peers.remote.NAMES`.
        which: the number of the figure, for a measurement that gives several.
    """

    name: str
    unit: str
    ours: str
    peer: str
    theirs: str
    which: int = 0
    better: Better = "higher"
    expected: float | None = None


def _lines() -> Iterator[Line]:
    yield Line("publish, one by one", "msg/s", "publish singly", "faststream", "publish singly")
    yield from (Line("publish, one by one", "msg/s", "publish singly", peer, "publish singly") for peer in _QUEUES)
    yield Line("publish, batched", "msg/s", "publish batched", "faststream", "publish batched", expected=3)
    yield Line("publish, batched", "msg/s", "publish batched", "streaq", "publish batched")
    yield Line("consume / one batch a call", "msg/s", "consume", "faststream", "consume batches", expected=10)
    yield Line("consume / one message a call", "msg/s", "consume", "faststream", "consume", expected=10)
    yield from (Line("consume / a task that does nothing", "msg/s", "consume", peer, "consume") for peer in _QUEUES)
    full, plain = "full guarantees: state, event / ", "full, no rows"
    yield Line(full + "one message a call", "msg/s", plain, "faststream", "consume", expected=3)
    yield from (Line(full + "such a task", "msg/s", plain, peer, "consume") for peer in _QUEUES)
    yield Line(
        "full guarantees: state, row, event / one message a call",
        "msg/s",
        "full, a row each",
        "faststream",
        "consume",
        expected=3,
    )
    yield Line(
        "full guarantees: hot keys, lists / one message a call", "msg/s", "full, lists", "faststream", "consume", expected=3
    )
    for which, name in enumerate(("ask, median", "ask, 99th percentile")):
        for peer in ("faststream", *_QUEUES):
            yield Line(name, "ms", "ask", peer, "ask", which=which, better="lower")


LINES: Final = tuple(_lines())


def _order() -> tuple[Measured, ...]:
    """What is compared stands side by side, so that both see the machine in the same mood."""
    order: dict[Measured, None] = {}
    for ours, group in groupby(LINES, key=lambda line: line.ours):
        theirs = [(line.peer, line.theirs) for line in group]
        half = len(theirs) // 2
        order |= dict.fromkeys([*theirs[:half], (_OURS, ours), *theirs[half:]])
    return tuple(order)


_SETTINGS: Final = (
    f"Nexus COS publishes in batches of {BATCH}, reads up to 256 messages of each of 8 partitions at a time, and commits up to "
    "512 turns at a time.",
    "Its bare consumer saves its position in PostgreSQL after each read. The peers acknowledge after the handler or the task, "
    "which gets typed values and does nothing.",
    "Each peer runs in a process of its own, with its worker and what asks it.",
)


async def measure(folder: Path, rounds: int, messages: int, say: Say, *, kills: bool = True) -> Report:
    """Measure everything.

    Args:
        folder: where the servers may keep their data while it runs: on a real disk, for the servers wait for it.
        say: is told how far it has come.
        kills: count also what is lost when workers are killed.
    """
    # What is printed in the end may be read by a program, so warnings go elsewhere.
    configure_logs(level="warning", form="console", output=sys.stderr.buffer, now=utc_now)
    order = _order()
    async with open_arena(folder, messages) as arena:
        ways, tried = await _best_ways(arena, say)
        found: dict[Measured, list[Figures]] = {}
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            # Every other round goes backwards.
            for measured in order if number % 2 == 0 else reversed(order):
                await arena.clear()
                found.setdefault(measured, []).append(await _once(arena, measured, ways))
        outcomes: tuple[Outcome, ...] = ()
        if kills:
            say("killing workers")
            outcomes = await arena.kill_all(folder)
        return Report(
            rounds=rounds,
            messages=messages,
            machine=machine(),
            versions={**await arena.versions(), **_libraries(arena)},
            settings=(*_SETTINGS, await arena.durability()),
            tried=tried,
            comparisons=tuple(_comparison(line, arena, found) for line in LINES),
            kills=outcomes,
        )


async def _best_ways(arena: Arena, say: Say) -> tuple[dict[Measured, int], tuple[Tried, ...]]:
    """Try all ways of each peer in turn, and take the best one of each measurement."""
    chosen: dict[Measured, int] = {}
    tried: list[Tried] = []
    for key, peer in arena.peers.items():
        say(f"trying the settings of {peer.about.name}")
        for name, ways in peer.about.measurements.items():
            figures: list[list[float]] = [[] for _ in ways]
            for way in [*range(len(ways))] * _TRIES:
                await arena.clear()
                figures[way].append((await arena.theirs(key, name, way, _SHARE_TO_TRY))[0])
            line = next(line for line in LINES if (line.peer, line.theirs) == (key, name))
            medians = [median(of_way) for of_way in figures]
            winner = chosen[key, name] = best(medians, lowest=line.better == "lower")
            tried += [
                Tried(peer.about.name, name, way, figure, line.unit, number == winner)
                for number, (way, figure) in enumerate(zip(ways, medians, strict=True))
            ]
    return chosen, tuple(tried)


async def _once(arena: Arena, measured: Measured, ways: Mapping[Measured, int]) -> Figures:
    peer, name = measured
    if peer == _OURS:
        return await arena.ours()[name]()
    return await arena.theirs(peer, name, ways[measured])


def _comparison(line: Line, arena: Arena, found: Mapping[Measured, Sequence[Figures]]) -> Comparison:
    our, their = ([figures[line.which] for figures in found[of]] for of in ((_OURS, line.ours), (line.peer, line.theirs)))
    peer = arena.peers[line.peer].about.name
    return compare(line.name, line.unit, our, their, peer=peer, better=line.better, expected=line.expected)


def _libraries(arena: Arena) -> dict[str, str]:
    """The versions of what takes part; where a peer has another one of a library than we, its own stands with its name."""
    found = {"Python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}}
    for peer in arena.peers.values():
        for name, its in peer.about.libraries.items():
            found[name if found.get(name, its) == its else f"{name} of {peer.about.name}"] = its
    return found
