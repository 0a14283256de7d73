"""`nexus test`: everything that CI checks."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import click

_CHECKOUT = Path(__file__).resolve().parents[2]
_TYPED = ("bus", "deploy", "modules", "nexus_actors", "tests")
_CONTAINERS = "CONTAINER_TESTS"
_THOROUGH = "THOROUGH_TESTS"
_GROUPS = ("lint", "types", "laws", "tests")
_PROCESSES = "2"
_CHOOSES_NONE = ("-m", "-r", "--budgets", "--durations", "--tb", "--timeout")
# A file stays in one process: what it starts for all its tests is started once. Files go out in the order of tests/conftest.py.
_BY_FILE = ("--dist=loadfile", "--no-loadscope-reorder")


class Step(NamedTuple):
    """One tool's run: what it is part of, how it is called here, and the arguments of the interpreter that run it."""

    group: str
    name: str
    arguments: list[str]


class Ended(NamedTuple):
    """A step's end: its exit code, how long it took, and its output where that was kept."""

    step: Step
    code: int
    took_s: float
    output: str


def static_steps(only: str | None = None) -> list[Step]:
    """What looks at the code without running it."""
    linter = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    steps = [
        Step("lint", "ruff format", ["-m", "ruff", "format", "--check", "."]),
        Step("lint", "ruff check", ["-m", "ruff", "check", "."]),
        Step("types", "mypy", ["-m", "mypy", *(folder for folder in _TYPED if (_CHECKOUT / folder).is_dir())]),
        Step("laws", "import-linter", ["-c", linter]),
        Step("laws", "tests/test_laws.py", ["-m", "pytest", "-q", "tests/test_laws.py", "tests/test_service_laws.py"]),
    ]
    # Without a choice, the laws are among the tests.
    return [step for step in steps if only == step.group or (only is None and step.name != "tests/test_laws.py")]


def behaviour_steps(
    pytest_args: Sequence[str], files: Sequence[str] = (), *, coverage: bool = False, thorough: bool = False
) -> list[Step]:
    """What runs the code: all tests that pytest's arguments choose, or those in these files."""
    quietly = [] if _chooses(pytest_args) else ["-q"]
    # Budgets are for the usual run.
    budgets = ["--budgets=print"] if coverage or thorough else []
    if not coverage:
        return [Step("tests", "pytest", ["-m", "pytest", *quietly, *budgets, *_processes(pytest_args), *pytest_args, *files])]
    return [
        Step("tests", "coverage erase", ["-m", "coverage", "erase"]),
        Step("tests", "pytest", ["-m", "coverage", "run", "-m", "pytest", *quietly, *budgets, *pytest_args, *files]),
        Step("tests", "coverage combine", ["-m", "coverage", "combine", "-q"]),
        Step("tests", "coverage", ["-m", "coverage", "report"]),
    ]


def seen_by(revision: str) -> list[str]:
    """The files of tests that can see what has changed since a revision.

    Raises:
        ClickException: that cannot be said; git has said why.
    """
    command = [sys.executable, "-m", "tests.changed", revision]
    done = subprocess.run(command, cwd=_CHECKOUT, env=_environment(), check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise click.ClickException("Give a revision that git knows, as main or HEAD~3, or leave --changed out.")
    return done.stdout.splitlines()


def run(step: Step) -> bool:
    """Run a step in the checkout, and print how it went and how long it took."""
    click.secho(f"== {step.name}", bold=True)
    return verdict(perform(step))


def perform(step: Step, *, keeps_output: bool = False) -> Ended:
    """Run a step in the checkout. Its output is seen at once, or kept."""
    start_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, *step.arguments],
        cwd=_CHECKOUT,
        env=_environment(),
        check=False,
        stdout=subprocess.PIPE if keeps_output else None,
        stderr=subprocess.STDOUT if keeps_output else None,
        text=True,
    )
    return Ended(step, done.returncode, time.monotonic() - start_s, done.stdout or "")


def verdict(ended: Ended) -> bool:
    """Print how a step went, and say whether it went well."""
    said = click.style("ok", fg="green") if ended.code == 0 else click.style(f"FAILED (exit code {ended.code})", fg="red")
    click.echo(f"   {ended.step.name}: {said}, {ended.took_s:.1f} s\n")
    return ended.code == 0


def failures(only: str | None, tests: Sequence[Step]) -> list[str]:
    """Run the chosen steps. Gives the names of those that failed."""
    if only is not None:
        return [step.name for step in (tests if only == "tests" else static_steps(only)) if not run(step)]
    failed = [step.name for step in static_steps("lint") if not run(step)]
    return failed + run_beside(tests, [step for step in static_steps() if step.group != "lint"])


def run_beside(tests: Sequence[Step], others: Sequence[Step]) -> list[str]:
    """Run the tests, and beside them the other steps, whose output comes after theirs. Gives the names of what failed."""
    with ThreadPoolExecutor(1) as beside:
        ends = [beside.submit(perform, step, keeps_output=True) for step in others]
        failed = [step.name for step in tests if not run(step)]
    for end in ends:
        ended = end.result()
        click.secho(f"== {ended.step.name}", bold=True)
        click.echo(ended.output, nl=False)
        if not verdict(ended):
            failed.append(ended.step.name)
    return failed


@click.command(short_help="Run every check that CI runs, or some.", context_settings={"ignore_unknown_options": True})
@click.option("--only", type=click.Choice(_GROUPS), help="Run these checks only.")
@click.option(
    "--changed",
    is_flag=False,
    flag_value="",
    metavar="[REV]",
    help="Leave out tests that cannot see what has changed since REV (where this branch left main; on main, HEAD~1).",
)
@click.option("--coverage", is_flag=True, help="Measure coverage too, in one process. Takes about four times as long.")
@click.option("--thorough", is_flag=True, help="Run all seeds and examples of what only repeats, instead of some.")
@click.option("--mutations", is_flag=True, help="Break each mechanism in a copy and show which test notices; nothing else.")
@click.option(
    "--features",
    is_flag=False,
    flag_value="",
    metavar="[SERVICE]",
    help="Show what services must prove, by number, and which tests do; nothing else. Fails where one is missing.",
)
@click.option("--containers", is_flag=True, help="Run the platform in real containers; nothing else. Needs root.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def command(
    only: str | None,
    changed: str | None,
    pytest_args: tuple[str, ...],
    *,
    coverage: bool,
    thorough: bool,
    mutations: bool,
    features: str | None,
    containers: bool,
) -> None:
    """Check format, lint, types, laws and behaviour, faults of real servers and processes included.

    Tests run in two processes with servers of their own; types and laws are checked beside them. At the end stands what the
    processor did for each folder of tests, and its budget (tests/budgets.py): far more than that fails the run.

    PYTEST_ARGS go to pytest. Where they choose tests (-m alone does not), one process runs them, unless -n says how many.
    -m "not faults" saves some minutes. With --mutations they are words that choose breaks by their guarantee, what is broken,
    or the file. Exits with 1 when any check failed, or any break was not caught. Tests in containers are left out of all but a
    run with --containers, which installs Debian's docker.io, docker-compose and debootstrap where they are missing.
    """
    if [mutations, containers, only is not None, features is not None].count(True) > 1:
        raise click.UsageError("--mutations, --features, --containers and --only do not go together. Give one of them.")
    if thorough:
        os.environ[_THOROUGH] = "1"
    if containers:
        os.environ[_CONTAINERS] = "1"
    alone = _step_alone(pytest_args, features, mutations=mutations, containers=containers)
    if alone is not None:
        sys.exit(not run(alone))
    click.echo("Tests that need a container engine are left out. Run them with: ./nexus test --containers\n")
    if not (_CHECKOUT.parent / "shared" / "data").is_dir():
        click.echo("There is no ../shared/data beside the checkout: tests that need the reference data are skipped.\n")
    (_CHECKOUT / ".nexus" / "coverage").mkdir(parents=True, exist_ok=True)
    files = [] if changed is None else seen_by(changed)
    failed = failures(only, behaviour_steps(pytest_args, files, coverage=coverage, thorough=thorough))
    if failed:
        click.secho(f"Failed: {', '.join(failed)}.", fg="red")
        sys.exit(1)
    click.secho("All checks passed.", fg="green")


def _step_alone(pytest_args: Sequence[str], features: str | None, *, mutations: bool, containers: bool) -> Step | None:
    """What is asked for and runs by itself; None for the usual checks."""
    if features is not None:
        return Step("tests", "features", ["-m", "tests.features", *filter(None, [features])])
    if mutations:
        return Step("tests", "mutations", ["-u", "-m", "tests.mutations", *pytest_args])
    if containers:
        return Step("tests", "containers", ["-m", "pytest", *(pytest_args or ("-v", "-x")), "tests/containers"])
    return None


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(_CHECKOUT)}


def _processes(pytest_args: Sequence[str]) -> list[str]:
    """How pytest is to share out the tests. Few are faster in one process, and its output can be watched."""
    if any(argument.startswith(("-n", "--numprocesses")) for argument in pytest_args):
        return [*_BY_FILE]
    return [] if _chooses(pytest_args) else ["-n", _PROCESSES, *_BY_FILE]


def _chooses(pytest_args: Sequence[str]) -> bool:
    """Whether the arguments are for some tests. Those for a mark are for many."""
    words = iter(pytest_args)
    for word in words:
        if word == "-m":
            next(words, None)
        elif not word.startswith(_CHOOSES_NONE) and word.strip("-qv"):
            return True
    return False
