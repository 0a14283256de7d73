"""The loop that the simulation runs on."""

from collections.abc import Awaitable, Callable
from random import Random
from time import monotonic
from typing import Any

import anyio
import pytest

from tests.simulation.virtual_loop import Deadlock, run_virtually


def virtually(main: Callable[[], Awaitable[Any]], seed: int) -> Any:
    return run_virtually(main, Random(seed))  # noqa: S311 - it is to be known, not secret


async def _race() -> list[tuple[float, int]]:
    seen: list[tuple[float, int]] = []

    async def arrive(number: int) -> None:
        await anyio.sleep(number % 3)
        seen.append((anyio.current_time(), number))

    async with anyio.create_task_group() as tasks:
        for number in range(9):
            tasks.start_soon(arrive, number)
    return seen


def test_time_passes_without_waiting_for_it() -> None:
    async def a_day() -> float:
        with anyio.move_on_after(86_400):
            await anyio.sleep_forever()
        return anyio.current_time()

    began = monotonic()
    assert virtually(a_day, 1) == 86_400
    assert monotonic() - began < 5


def test_the_seed_decides_who_comes_first_of_those_that_are_due_together() -> None:
    runs = [virtually(_race, seed) for seed in (1, 1, 2, 3)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2] or runs[0] != runs[3]
    for run in runs:
        assert [at for at, _ in run] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_waiting_for_each_other_is_told() -> None:
    async def wait() -> None:
        await anyio.Event().wait()

    with pytest.raises(Deadlock):
        virtually(wait, 1)
