"""`nexus soak`: all faults mixed, under load, and a checker at the end."""

import os
import subprocess
import sys
from pathlib import Path

import click

_CHECKOUT = Path(__file__).resolve().parents[2]


@click.command
@click.option("--minutes", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="How long.")
@click.option("--seed", type=int, help="Repeat the choices of an earlier run; what the machine does differs still.")
def command(minutes: float, seed: int | None) -> None:
    """Kill, freeze, cut off and fill up a platform of its own for a while, and check what came of it.

    Servers and workers are started for this on free ports, with data of their own. Prints what was lost, doubled or out of
    order, and how long each fault stopped the flow. Exits with 0 only where nothing was wrong.
    """
    if not (_CHECKOUT / "tests" / "faults" / "soak.py").is_file():
        click.secho(
            "The faults are part of the tests, which are not installed here. Run this in a checkout.", fg="red", err=True
        )
        sys.exit(1)
    arguments = [f"--minutes={minutes}", *([] if seed is None else [f"--seed={seed}"])]
    environment = {**os.environ, "PYTHONPATH": str(_CHECKOUT)}
    done = subprocess.run([sys.executable, "-m", "tests.faults.soak", *arguments], cwd=_CHECKOUT, env=environment, check=False)
    sys.exit(done.returncode)
