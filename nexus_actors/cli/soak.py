"""`nexus soak`: all faults mixed, or many events while workers are killed, and a checker at the end."""

import os
import subprocess
import sys
from pathlib import Path

import click

_CHECKOUT = Path(__file__).resolve().parents[2]


@click.command(short_help="Inject faults into a platform of its own for a while.")
@click.option("--minutes", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="How long.")
@click.option("--events", type=click.IntRange(min=1), help="In place of minutes: so many events while workers are killed.")
@click.option("--workers", type=click.IntRange(2, 64), default=4, show_default=True, help="How many; with --events.")
@click.option("--seed", type=int, help="Repeat the choices of an earlier run; what the machine does differs still.")
def command(minutes: float, events: int | None, workers: int, seed: int | None) -> None:
    """Kill, freeze, cut off and fill up a platform of its own for a while, and check what came of it.

    Servers and workers are started for this on free ports, with data of their own. Prints how often each fault was injected,
    how long it stopped the flow, and what was lost, doubled or out of order; with --events, the memory of Redis and of the
    workers over time. Exits with 0 only where nothing was wrong, and no memory has grown.
    """
    if not (_CHECKOUT / "tests" / "faults" / "soak.py").is_file():
        click.secho(
            "The faults are part of the tests, which are not installed here. Run this in a checkout.", fg="red", err=True
        )
        sys.exit(1)
    length = [f"--minutes={minutes}"] if events is None else [f"--events={events}", f"--workers={workers}"]
    arguments = [*length, *([] if seed is None else [f"--seed={seed}"])]
    environment = {**os.environ, "PYTHONPATH": str(_CHECKOUT)}
    done = subprocess.run([sys.executable, "-m", "tests.faults.soak", *arguments], cwd=_CHECKOUT, env=environment, check=False)
    sys.exit(done.returncode)
