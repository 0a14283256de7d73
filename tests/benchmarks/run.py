"""`nexus bench bus`: Nexus COS beside FastStream, on this machine, in one run."""

import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Final

from msgspec import Struct

from nexus_actors.telemetry.logs import configure_logs
from nexus_actors.worker.worker import utc_now
from tests.benchmarks.arena import Arena, Figures, open_arena
from tests.benchmarks.figures import Better, Comparison, compare
from tests.benchmarks.machine import machine
from tests.benchmarks.ours import BATCH
from tests.benchmarks.report import Report, Tried, best
from tests.benchmarks.theirs import Setting

Say = Callable[[str], None]
_LIBRARIES: Final = ("uvloop", "redis", "hiredis", "asyncpg", "msgspec", "faststream", "fast-depends", "orjson", "pydantic")
_SHARE_TO_TRY: Final = 25
_TRIES: Final = 3


class Line(Struct, frozen=True):
    """A line of the table: a measurement of ours beside one of FastStream's.

    Attributes:
        which: the number of the figure, for a measurement that gives several.
    """

    name: str
    unit: str
    ours: str
    theirs: str
    which: int = 0
    better: Better = "higher"
    expected: float | None = None


LINES: Final = (
    Line("publish, one by one", "msg/s", "publish singly", "publish singly"),
    Line("publish, batched", "msg/s", "publish batched", "publish batched", expected=3),
    Line("consume / one message a call", "msg/s", "consume", "consume one a call", expected=10),
    Line("consume / one batch a call", "msg/s", "consume", "consume batches", expected=10),
    Line("full guarantees: state, event / one message a call", "msg/s", "full, no rows", "consume one a call", expected=3),
    Line("full guarantees: state, row, event / the same", "msg/s", "full, a row each", "consume one a call", expected=3),
    Line("full guarantees: hot keys, lists / the same", "msg/s", "full, lists", "consume one a call", expected=3),
    Line("ask, median", "ms", "ask", "ask", better="lower"),
    Line("ask, 99th percentile", "ms", "ask", "ask", which=1, better="lower"),
)
# What is compared stands side by side, so that both see the machine in the same mood; every other round goes backwards.
_ORDER: Final = (
    ("ours", "publish singly"),
    ("theirs", "publish singly"),
    ("ours", "publish batched"),
    ("theirs", "publish batched"),
    ("theirs", "consume batches"),
    ("ours", "consume"),
    ("theirs", "consume one a call"),
    ("ours", "full, no rows"),
    ("ours", "full, a row each"),
    ("ours", "full, lists"),
    ("theirs", "ask"),
    ("ours", "ask"),
)
_OURS: Final = (
    f"Nexus COS publishes in batches of {BATCH}, reads up to 256 messages of each of 8 partitions at a time, and commits up to "
    "512 turns at a time.",
    "Its bare consumer saves its position in PostgreSQL after each read. FastStream acknowledges after its handler, which gets "
    "typed values and does nothing.",
)


async def measure(folder: Path, rounds: int, messages: int, say: Say) -> Report:
    """Measure everything.

    Args:
        folder: where the servers may keep their data while it runs: on a real disk, for the servers wait for it.
        say: is told how far it has come.
    """
    # What is printed in the end may be read by a program, so warnings go elsewhere.
    configure_logs(level="warning", form="console", output=sys.stderr.buffer, now=utc_now)
    async with open_arena(folder, messages) as arena:
        settings, tried = await _best_settings(arena, say)
        found: dict[tuple[str, str], list[Figures]] = {}
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            for side, name in _ORDER if number % 2 == 0 else reversed(_ORDER):
                await arena.clear()
                found.setdefault((side, name), []).append(await _once(arena, side, name, settings))
        return Report(
            rounds=rounds,
            messages=messages,
            machine=machine(),
            versions={**await arena.versions(), **_libraries()},
            settings=(*_OURS, await arena.durability()),
            tried=tried,
            comparisons=tuple(_comparison(line, found) for line in LINES),
        )


async def _best_settings(arena: Arena, say: Say) -> tuple[dict[str, Setting], tuple[Tried, ...]]:
    """Try all settings of FastStream in turn, and take the best one of each measurement."""
    chosen: dict[str, Setting] = {}
    tried: list[Tried] = []
    for name, (settings, measurement) in arena.theirs().items():
        say(f"trying the settings of FastStream: {name}")
        figures: dict[str, list[float]] = {setting.name: [] for setting in settings}
        for setting in [*settings] * _TRIES:
            await arena.clear()
            figures[setting.name].append((await measurement(setting, _SHARE_TO_TRY))[0])
        line = next(line for line in LINES if line.theirs == name)
        medians = [median(figures[setting.name]) for setting in settings]
        winner = best(medians, lowest=line.better == "lower")
        chosen[name] = settings[winner]
        tried += [
            Tried(name, setting.name, figure, line.unit, number == winner)
            for number, (setting, figure) in enumerate(zip(settings, medians, strict=True))
        ]
    return chosen, tuple(tried)


async def _once(arena: Arena, side: str, name: str, settings: Mapping[str, Setting]) -> Figures:
    if side == "ours":
        return await arena.ours()[name]()
    return await arena.theirs()[name][1](settings[name], 100)


def _comparison(line: Line, found: Mapping[tuple[str, str], Sequence[Figures]]) -> Comparison:
    our, their = ([figures[line.which] for figures in found[side]] for side in (("ours", line.ours), ("theirs", line.theirs)))
    return compare(line.name, line.unit, our, their, better=line.better, expected=line.expected)


def _libraries() -> dict[str, str]:
    return {"Python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}}
