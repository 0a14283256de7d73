"""Try all mutations and show what became of each. `nexus test --mutations` runs this.

Arguments: words; only mutations with one of them in their guarantee, break or file are tried.
"""

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import click

from tests.mutations.catalogue import MUTATIONS
from tests.mutations.mutation import Mutation
from tests.mutations.trial import Trial, attempt, unbroken

_CHECKOUT: Final = Path(__file__).resolve().parents[2]
_AT_ONCE: Final = 2
_HEADINGS: Final = ("guarantee", "break", "time", "caught by")


def chosen(words: Sequence[str]) -> list[Mutation]:
    """The mutations that have one of these words in them; all where there are no words."""
    return [m for m in MUTATIONS if not words or any(word in f"{m.guarantee} {m.broken} {m.file}" for word in words)]


def line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """One line of the table."""
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def cells(trial: Trial) -> tuple[str, str, str, str]:
    """What the table shows of a trial. Test ids are shown without the folder that they all have in common."""
    by = trial.by if trial.verdict == "caught" else f"{trial.verdict}: {trial.by}"
    return trial.mutation.guarantee, trial.mutation.broken, f"{trial.took_s:6.1f} s", by.removeprefix("tests/")


def show(checkout: Path, mutations: Sequence[Mutation]) -> bool:
    """Try mutations, two at a time, and print a line for each; whether all were caught."""
    widths = [max(len(m.guarantee) for m in mutations), max(len(m.broken) for m in mutations), len("0000.0 s"), 0]
    click.secho(line(_HEADINGS, widths), bold=True)
    caught = 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for trial in pool.map(partial(attempt, checkout), mutations):
            caught += trial.verdict == "caught"
            click.secho(line(cells(trial), widths), fg=None if trial.verdict == "caught" else "red")
    click.echo(f"\n{caught} of {len(mutations)} breaks caught.")
    return caught == len(mutations)


def main(words: Sequence[str]) -> int:
    """Run the tests unbroken, then each mutation; the exit code is 0 only where all were caught."""
    mutations = chosen(words)
    if not mutations:
        click.echo(f"No mutation has any of these words in it: {', '.join(words)}.")
        return 1
    started = time.monotonic()
    before = unbroken(_CHECKOUT, mutations)
    click.echo(f"Without any break, their tests end with {before.code}, after {time.monotonic() - started:.1f} s.\n")
    if before.code != 0:
        click.echo(before.output)
        click.secho("Tests that fail by themselves catch nothing. Make them pass first.", fg="red")
        return 1
    return 0 if show(_CHECKOUT, mutations) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
