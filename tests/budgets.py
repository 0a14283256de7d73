"""How much processor time the tests of each folder may take: a pytest plugin that prints it and fails where it is far exceeded.

Counted is what the processor did while a file's tests ran, child processes included: servers, workers, commands. What other
programs of the machine do does not count, so a busy machine fails nothing. Lost is what a child did that was killed and left
for the system to clear away; that is little.
"""

import os
from collections import defaultdict
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any, Final

import psutil
import pytest
from msgspec import Struct

from nexus_actors.cli.terminal.table import table

BUDGETS_S: Final[dict[str, float]] = {
    "tests": 60,
    "tests/*": 240,
    "tests/bus/redis": 120,
    # Two releases side by side, and full disks, are whole deployments and restarts of servers: a hundred seconds of it.
    "tests/faults": 360,
    "tests/modules/*": 120,
    "tests/modules/*/*": 120,
    "tests/nexus_actors/*": 120,
}
"""Seconds of processor time for each folder of these names. A file counts for the deepest that it lies in."""

EXCEEDED: Final = 1.5
"""A folder that takes more than this many times its budget fails the run."""

_OPTION: Final = "--budgets"
_OUTPUT: Final = "budgets"
_ADVICE: Final = (
    "See pytest --durations=30 for what takes long; what is there for a reason gets a larger budget in tests/budgets.py."
)


class Spent(Struct):
    """What the tests of a folder took: how many there were, and seconds of processor time."""

    tests: int = 0
    processor_s: float = 0.0

    def add(self, tests: int, processor_s: float) -> None:
        """Count further tests, or further time."""
        self.tests += tests
        self.processor_s += processor_s


class Budgets:
    """Adds up what tests take, in this process and in those that xdist has started.

    The processor's time is read where a run changes to another file, for reading it means a look at every child process.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.spent: defaultdict[str, Spent] = defaultdict(Spent)
        self._config = config
        self._file = ""
        self._read_s = processor_s()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Count a test, and see whether it is the first of another file."""
        if self._config.pluginmanager.hasplugin("dsession"):  # it runs in another process, which counts it
            return
        file = nodeid.partition("::")[0]
        if file != self._file:
            self._read(file)
        self.spent[folder_of(file)].add(1, 0.0)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a process of xdist has counted. One that died has told nothing."""
        for folder, (tests, processor_s) in getattr(node, "workeroutput", {}).get(_OUTPUT, {}).items():
            self.spent[folder].add(tests, processor_s)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Hand the figures to the process that prints them, or decide there what they mean for the run."""
        self._read("")
        output: dict[str, object] | None = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = {folder: (spent.tests, spent.processor_s) for folder, spent in self.spent.items()}
        elif exitstatus == pytest.ExitCode.OK and self.exceeded() and self._config.getoption(_OPTION) == "fail":
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table, and what to do about a folder that takes too long."""
        if not self.spent:
            return
        terminalreporter.section("processor time")
        rows = [
            (folder, str(spent.tests), f"{spent.processor_s:.1f}", str(budget_s(folder)))
            for folder, spent in sorted(self.spent.items())
        ]
        every = self.spent.values()
        rows.append(("", str(sum(spent.tests for spent in every)), f"{sum(spent.processor_s for spent in every):.1f}", ""))
        terminalreporter.write_line(table(("folder", "tests", "seconds", "budget"), rows, right=(1, 2, 3)))
        for folder in self.exceeded():
            terminalreporter.write_line(f"{folder} took more than {EXCEEDED} times its budget. {_ADVICE}", red=True)

    def exceeded(self) -> list[str]:
        """The folders that took so much more than their budget that something has to be done."""
        return [folder for folder, spent in sorted(self.spent.items()) if spent.processor_s > EXCEEDED * budget_s(folder)]

    def _read(self, next_file: str) -> None:
        now_s = processor_s()
        if self._file:
            self.spent[folder_of(self._file)].add(0, now_s - self._read_s)
        self._file, self._read_s = next_file, now_s


def folder_of(file: str) -> str:
    """The folder that a file of tests counts for."""
    return next((folder for folder in map(str, PurePosixPath(file).parents) if _budget_s(folder) is not None), "tests")


def budget_s(folder: str) -> float:
    """What the tests of a folder may take, in seconds of processor time."""
    found = _budget_s(folder)
    assert found is not None, folder
    return found


def processor_s() -> float:
    """What the processor has done so far for this process, for those that it has started, and for theirs, in seconds."""
    own = os.times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has ended just now, and its parent counts it
            total += sum(child.cpu_times()[:4])
    return total


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run that is slow for a reason, as one under coverage is, show its figures without failing."""
    parser.addoption(_OPTION, choices=("fail", "print"), default="fail", help="what to do where a folder exceeds its budget")


def pytest_configure(config: pytest.Config) -> None:
    """Start counting."""
    config.pluginmanager.register(Budgets(config))


def _budget_s(folder: str) -> float | None:
    path = PurePosixPath(folder)
    exact = BUDGETS_S.get(folder)
    alike = (seconds for pattern, seconds in BUDGETS_S.items() if _fits(path, pattern))
    return next(alike, None) if exact is None else exact


def _fits(folder: PurePosixPath, pattern: str) -> bool:
    return len(folder.parts) == pattern.count("/") + 1 and folder.match(pattern)
