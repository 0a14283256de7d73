"""The promises of delivery, in worlds that a seed decides: interleavings, crashes, pauses, lost and late calls, lost tails."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.simulation.seeds import FOUND, seeds
from tests.simulation.simulation import simulate

_CHUNKS = 10
_CHECKOUT = Path(__file__).parents[2]


def _hold(seed: int, *, cuts: bool = False) -> None:
    outcome = simulate(seed, cuts=cuts)
    if outcome.violations:
        broken = "\n  - ".join(outcome.violations)
        replay = f"python -m tests.simulation {seed}{' cuts' if cuts else ''}"
        pytest.fail(f"Seed {seed} broke promises:\n  - {broken}\nReplay it: {replay}", pytrace=False)


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("chunk", range(_CHUNKS))
def test_every_effect_happens_once_and_in_order(chunk: int) -> None:
    mine: Sequence[int] = seeds()[chunk::_CHUNKS]
    for seed in mine:
        _hold(seed)


@pytest.mark.timeout(3_600)
def test_workers_that_alone_are_cut_off_from_a_server_break_nothing() -> None:
    for seed in seeds()[::5]:
        _hold(seed, cuts=True)


@pytest.mark.parametrize("seed", FOUND)
def test_seeds_that_found_something_once(seed: int) -> None:
    _hold(seed)


def test_a_seed_replays_to_the_last_line_in_any_process() -> None:
    here = simulate(7)
    assert here.trace == simulate(7).trace
    assert here.digest != simulate(8).digest
    other = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "7"],
        cwd=_CHECKOUT,
        env={"PYTHONHASHSEED": "12345", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert other.stdout.splitlines()[-1] == f"seed 7, trace {here.digest}", other.stderr
