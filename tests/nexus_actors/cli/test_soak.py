"""`nexus soak`: what it asks the fault driver for."""

import subprocess
from typing import Any

import pytest
from click.testing import CliRunner

from nexus_actors.cli.soak import command


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A driver that ends at once, with a finding; and how it was called."""
    calls: list[list[str]] = []

    def run(arguments: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        calls.append(arguments[1:])
        return subprocess.CompletedProcess(arguments, 1)

    monkeypatch.setattr(subprocess, "run", run)
    return calls


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        ([], ["--minutes=10.0"]),
        (["--minutes", "2", "--seed", "7"], ["--minutes=2.0", "--seed=7"]),
        (["--events", "1000", "--workers", "3"], ["--events=1000", "--workers=3"]),
    ],
)
def test_the_driver_is_asked_and_its_exit_code_is_ours(asked: list[list[str]], given: list[str], passed: list[str]) -> None:
    assert CliRunner().invoke(command, given).exit_code == 1
    assert asked == [["-m", "tests.faults.soak", *passed]]


@pytest.mark.parametrize("given", [["--minutes", "0"], ["--events", "0"], ["--workers", "1"]])
def test_what_makes_no_sense_is_refused(asked: list[list[str]], given: list[str]) -> None:
    assert CliRunner().invoke(command, given).exit_code == 2
    assert asked == []
