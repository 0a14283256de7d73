"""`nexus bench`: what it prints, and what it says where it cannot run."""

import sys
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from click.testing import CliRunner

from nexus_actors.cli.bench import command
from tests.benchmarks.figures import compare
from tests.benchmarks.report import Report

REPORT = Report(
    rounds=2,
    messages=1_000,
    machine="2 cores",
    versions={"Python": "3.11"},
    settings=(),
    tried=(),
    comparisons=(compare("publish", "msg/s", [30.0, 31.0], [10.0, 10.0], expected=3),),
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, int, int]]:
    """A measurement that is over at once, and with what it was asked for."""
    calls: list[tuple[Path, int, int]] = []

    async def measure(folder: Path, rounds: int, messages: int, say: object) -> Report:
        calls.append((folder, rounds, messages))
        return REPORT

    run = ModuleType("tests.benchmarks.run")
    monkeypatch.setattr(run, "measure", measure, raising=False)
    monkeypatch.setitem(sys.modules, "tests.benchmarks.run", run)
    return calls


def test_it_prints_a_table(asked: list[tuple[Path, int, int]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NEXUS_DATA_DIR", str(tmp_path))
    result = CliRunner().invoke(command, ["bus", "--rounds", "2", "--messages", "1000"])
    assert result.exit_code == 0, result.output
    assert "publish" in result.output
    assert "3 met" in result.output
    assert asked == [(tmp_path / "bench", 2, 1_000)]


@pytest.mark.usefixtures("asked")
def test_it_prints_json() -> None:
    result = CliRunner().invoke(command, ["bus", "--json"])
    assert msgspec.json.decode(result.stdout, type=Report) == REPORT


@pytest.mark.parametrize("options", [["--rounds", "0"], ["--messages", "10"], ["--rounds", "many"]])
def test_options_out_of_range_are_refused(options: list[str]) -> None:
    assert CliRunner().invoke(command, ["bus", *options]).exit_code == 2


def test_without_faststream_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tests.benchmarks.run", None)
    result = CliRunner().invoke(command, ["bus"])
    assert result.exit_code == 1
    assert "Run `./nexus bench` in a checkout" in result.output
