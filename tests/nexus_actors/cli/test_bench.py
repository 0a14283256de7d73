"""`nexus bench`: what it prints, and what it says where it cannot run."""

import sys
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from click.testing import CliRunner

from nexus_actors.cli.bench import command
from tests.benchmarks.figures import Summary, compare
from tests.benchmarks.kills.trial import Outcome
from tests.benchmarks.recovery import report as recovery_report
from tests.benchmarks.report import Report

REPORT = Report(
    rounds=2,
    messages=1_000,
    machine="2 cores",
    versions={"Python": "3.11"},
    settings=(),
    tried=(),
    comparisons=(compare("publish", "msg/s", [30.0, 31.0], [10.0, 10.0], peer="taskiq", expected=3),),
    kills=(Outcome(name="arq", settings="max_tries=100", messages=1_200, kills=5, never=0, twice=7, disordered=9),),
)
RECOVERY = recovery_report.Report(
    lease_s=2.0,
    machine="2 cores",
    settings=(),
    lines=(recovery_report.Line(name="worker killed", rounds=1, seconds=Summary(3.0, 3.0, 3.0), expected_s=10),),
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """A measurement that is over at once, and with what it was asked for."""
    calls: list[tuple[object, ...]] = []

    async def measure(folder: Path, rounds: int, messages: int, say: object, *, kills: bool) -> Report:
        calls.append((folder, rounds, messages, kills))
        return REPORT

    async def recovery(folder: Path, rounds: int, lease_s: float, say: object) -> recovery_report.Report:
        calls.append((folder, rounds, lease_s))
        return RECOVERY

    for name, function in (("run", measure), ("recovery.run", recovery)):
        run = ModuleType(f"tests.benchmarks.{name}")
        monkeypatch.setattr(run, "measure", function, raising=False)
        monkeypatch.setitem(sys.modules, f"tests.benchmarks.{name}", run)
    return calls


def test_it_prints_a_table(asked: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NEXUS_DATA_DIR", str(tmp_path))
    result = CliRunner().invoke(command, ["bus", "--rounds", "2", "--messages", "1000"])
    assert result.exit_code == 0, result.output
    assert "publish" in result.output
    assert "3 met" in result.output
    assert ["arq", "1,200", "5", "0", "7", "9", "max_tries=100"] in [line.split() for line in result.output.splitlines()]
    assert asked == [(tmp_path / "bench", 2, 1_000, True)]


def test_the_trial_under_kill_can_be_left_out(asked: list[tuple[object, ...]]) -> None:
    assert CliRunner().invoke(command, ["bus", "--no-kills"]).exit_code == 0
    assert asked[0][-1] is False


def test_it_prints_how_long_recovery_took(
    asked: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NEXUS_DATA_DIR", str(tmp_path))
    result = CliRunner().invoke(command, ["recovery", "--rounds", "1", "--lease", "2"])
    assert result.exit_code == 0, result.output
    assert "10 met" in result.output
    assert asked == [(tmp_path / "bench", 1, 2.0)]
    as_json = CliRunner().invoke(command, ["recovery", "--json"])
    assert msgspec.json.decode(as_json.stdout, type=recovery_report.Report) == RECOVERY


@pytest.mark.usefixtures("asked")
def test_it_prints_json() -> None:
    result = CliRunner().invoke(command, ["bus", "--json"])
    assert msgspec.json.decode(result.stdout, type=Report) == REPORT


@pytest.mark.parametrize("options", [["--rounds", "0"], ["--messages", "10"], ["--rounds", "many"]])
def test_options_out_of_range_are_refused(options: list[str]) -> None:
    assert CliRunner().invoke(command, ["bus", *options]).exit_code == 2


def test_without_the_tests_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tests.benchmarks.run", None)
    result = CliRunner().invoke(command, ["bus"])
    assert result.exit_code == 1
    assert "Run `./nexus bench` in a checkout" in result.output
