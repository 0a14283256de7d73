"""`nexus test`: everything that CI checks."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

_CHECKOUT = Path(__file__).resolve().parents[2]
_TYPED = ("bus", "deploy", "modules", "nexus_actors", "tests")
_CONTAINERS = "CONTAINER_TESTS"
_GROUPS = ("lint", "types", "laws", "tests")


class Step(NamedTuple):
    """One tool's run: what it is part of, how it is called here, and the arguments of the interpreter that run it."""

    group: str
    name: str
    arguments: list[str]


def steps(pytest_args: tuple[str, ...], only: str | None) -> Iterator[Step]:
    """What `nexus test` runs, in order."""
    yield Step("lint", "ruff format", ["-m", "ruff", "format", "--check", "."])
    yield Step("lint", "ruff check", ["-m", "ruff", "check", "."])
    yield Step("types", "mypy", ["-m", "mypy", *(folder for folder in _TYPED if (_CHECKOUT / folder).is_dir())])
    linter = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    yield Step("laws", "import-linter", ["-c", linter])
    if only == "laws":
        yield Step("laws", "tests/test_laws.py", ["-m", "pytest", "-q", "tests/test_laws.py"])
    if pytest_args:
        yield Step("tests", "pytest", ["-m", "pytest", *pytest_args])
    else:
        yield Step("tests", "coverage erase", ["-m", "coverage", "erase"])
        yield Step("tests", "pytest", ["-m", "coverage", "run", "-m", "pytest", "-q"])
        yield Step("tests", "coverage combine", ["-m", "coverage", "combine", "-q"])
        yield Step("tests", "coverage", ["-m", "coverage", "report"])


def run(step: Step) -> bool:
    """Run a step in the checkout and print how it went and how long it took."""
    click.secho(f"== {step.name}", bold=True)
    start_s = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(_CHECKOUT)}
    code = subprocess.run([sys.executable, *step.arguments], cwd=_CHECKOUT, env=environment, check=False).returncode
    took_s = time.monotonic() - start_s
    verdict = click.style("ok", fg="green") if code == 0 else click.style(f"FAILED (exit code {code})", fg="red")
    click.echo(f"   {step.name}: {verdict}, {took_s:.1f} s\n")
    return code == 0


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--only", type=click.Choice(_GROUPS), help="Run these checks only.")
@click.option("--mutations", is_flag=True, help="Break each mechanism in a copy and show which test notices; nothing else.")
@click.option("--containers", is_flag=True, help="Run the platform in real containers; nothing else. Needs root.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def command(only: str | None, pytest_args: tuple[str, ...], *, mutations: bool, containers: bool) -> None:
    """Check format, lint, types, laws and behaviour, faults of real servers and processes included.

    PYTEST_ARGS go to pytest; with them, coverage is not measured. -m "not faults" saves some minutes. With --mutations they are
    words that choose breaks by their guarantee, what is broken, or the file. Exits with 1 when any check failed, or any break
    was not caught. Tests in containers are left out of all but a run with --containers, which installs Debian's docker.io,
    docker-compose and debootstrap where they are missing.
    """
    if [mutations, containers, only is not None].count(True) > 1:
        raise click.UsageError("--mutations, --containers and --only do not go together. Give one of them.")
    if mutations or containers:
        step = Step("tests", "mutations", ["-u", "-m", "tests.mutations", *pytest_args])
        if containers:
            os.environ[_CONTAINERS] = "1"
            step = Step("tests", "containers", ["-m", "pytest", *(pytest_args or ("-v", "-x")), "tests/containers"])
        if not run(step):
            sys.exit(1)
        return
    click.echo("Tests that need a container engine are left out. Run them with: ./nexus test --containers\n")
    if not (_CHECKOUT.parent / "shared" / "data").is_dir():
        click.echo("There is no ../shared/data beside the checkout: tests that need the reference data are skipped.\n")
    (_CHECKOUT / ".nexus" / "coverage").mkdir(parents=True, exist_ok=True)
    chosen = [step for step in steps(pytest_args, only) if only in {None, step.group}]
    failed = [step.name for step in chosen if not run(step)]
    if failed:
        click.secho(f"Failed: {', '.join(failed)}.", fg="red")
        sys.exit(1)
    click.secho("All checks passed.", fg="green")
