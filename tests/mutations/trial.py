"""Trying a mutation: the selected tests, run in a copy of the checkout that has the break in it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from msgspec import Struct

from tests.mutations.mutation import Mutation, StaleMutation

COPIED: Final = ("bus", "modules", "nexus_actors", "tests", "pyproject.toml")
LONGEST_S: Final = 240.0
_SEEDS: Final = "NEXUS_SIMULATION_SEEDS"
_ENOUGH_SEEDS: Final = "100"
"""More than a usual run of the tests has, in which nothing is broken, and less than a thorough one: 1,000 take too long."""
_STOPS_IN_S: Final = 20.0
_FAILED: Final = re.compile(r"^FAILED (.+?\])(?: - |$)|^FAILED (\S+)", re.MULTILINE)
_TESTS_FAILED: Final = 1
_OUTPUT_SHOWN: Final = 4_000

Verdict = Literal["caught", "NOT CAUGHT", "error"]


class Trial(Struct, frozen=True):
    """What became of one mutation.

    Attributes:
        by: the first test that failed; where none did, what happened instead.
    """

    mutation: Mutation
    verdict: Verdict
    by: str
    took_s: float


class Run(Struct, frozen=True):
    """What pytest said: its exit code (None: it did not end in time) and its output."""

    code: int | None
    output: str

    @property
    def failed(self) -> str | None:
        """The first test that failed. One that could not be set up has not failed: it has shown nothing."""
        found = _FAILED.search(self.output)
        return None if found is None else found[1] or found[2]


def copy(checkout: Path, folder: Path) -> None:
    """Copy what the tests need into a folder."""
    for name in COPIED:
        source = checkout / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".hypothesis"))
        else:
            shutil.copy2(source, folder / name)


def run(folder: Path, tests: Sequence[str], longest_s: float = LONGEST_S) -> Run:
    """Run tests in a folder, with this interpreter and the packages of that folder."""
    environment = {
        _SEEDS: _ENOUGH_SEEDS,
        **os.environ,
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "THOROUGH_TESTS": "1",
    }
    options = ["-q", "-x", "--tb=short", "-rf", "-p", "no:cacheprovider"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    try:
        output, _ = process.communicate(timeout=longest_s)
    except subprocess.TimeoutExpired:
        return Run(None, _end(process))
    return Run(process.returncode, output)


def _end(process: "subprocess.Popen[str]") -> str:
    """End pytest, first in a way that lets it stop the servers that it has started."""
    process.send_signal(signal.SIGINT)
    try:
        output, _ = process.communicate(timeout=_STOPS_IN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
    return output


def judge(mutation: Mutation, ran: Run, took_s: float) -> Trial:
    """A break is caught where a test failed; a run that broke off, or found no tests, has shown nothing."""
    if ran.code == _TESTS_FAILED and ran.failed is not None:
        return Trial(mutation, "caught", ran.failed, took_s)
    if ran.code == 0:
        return Trial(mutation, "NOT CAUGHT", "all its tests passed", took_s)
    said = "it did not end in time" if ran.code is None else f"pytest ended with {ran.code}"
    return Trial(mutation, "error", f"{said}:\n{ran.output[-_OUTPUT_SHOWN:]}", took_s)


def attempt(checkout: Path, mutation: Mutation) -> Trial:
    """Break a copy of the checkout and run the mutation's tests in it."""
    started = time.monotonic()
    with TemporaryDirectory(prefix="nexus-mutation-") as name:
        folder = Path(name)
        copy(checkout, folder)
        try:
            mutation.apply(folder)
        except StaleMutation as stale:
            return Trial(mutation, "error", str(stale), time.monotonic() - started)
        ran = run(folder, mutation.tests)
    return judge(mutation, ran, time.monotonic() - started)


def unbroken(checkout: Path, mutations: Sequence[Mutation]) -> Run:
    """Run the tests of all mutations without any break: they must pass, or their failing later would mean nothing."""
    with TemporaryDirectory(prefix="nexus-mutation-") as name:
        folder = Path(name)
        copy(checkout, folder)
        tests = list(dict.fromkeys(test for mutation in mutations for test in mutation.tests))
        return run(folder, tests, longest_s=LONGEST_S * 4)
