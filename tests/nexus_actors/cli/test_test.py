import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from nexus_actors.cli import test as checks
from nexus_actors.cli.test import Step, run, steps


def names(*pytest_args: str, only: str | None = None) -> list[str]:
    return [step.name for step in steps(pytest_args, only) if only in {None, step.group}]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The names of the steps that were run; `mypy` fails."""
    seen: list[str] = []

    def note(step: Step) -> bool:
        seen.append(step.name)
        return step.name != "mypy"

    monkeypatch.setattr(checks, "run", note)
    monkeypatch.setattr(checks, "_CHECKOUT", tmp_path / "checkout")
    return seen


def test_without_arguments_everything_is_checked_and_coverage_measured() -> None:
    assert names()[:5] == ["ruff format", "ruff check", "mypy", "import-linter", "coverage erase"]
    assert names()[-1] == "coverage"


def test_arguments_go_to_pytest_as_they_are() -> None:
    (step,) = (step for step in steps(("-k", "codec or ids", "-x"), None) if step.group == "tests")
    assert step.arguments == ["-m", "pytest", "-k", "codec or ids", "-x"]


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ("lint", ["ruff format", "ruff check"]),
        ("types", ["mypy"]),
        ("laws", ["import-linter", "tests/test_laws.py"]),
        ("tests", ["coverage erase", "pytest", "coverage combine", "coverage"]),
    ],
)
def test_a_part_can_be_chosen(only: str, expected: list[str]) -> None:
    assert names(only=only) == expected


def test_a_failure_does_not_stop_what_follows_and_decides_the_exit_code(ran: list[str]) -> None:
    result = CliRunner().invoke(checks.command, ["tests/bus", "-k", "codec"])
    assert ran == ["ruff format", "ruff check", "mypy", "import-linter", "pytest"]
    assert result.exit_code == 1
    assert "Failed: mypy." in result.output


def test_all_well_is_exit_code_0(ran: list[str]) -> None:
    result = CliRunner().invoke(checks.command, ["--only", "lint"])
    assert (ran, result.exit_code) == (["ruff format", "ruff check"], 0)
    assert "All checks passed." in result.output


def test_absent_reference_data_are_mentioned(ran: list[str], tmp_path: Path) -> None:
    assert "There is no ../shared/data" in CliRunner().invoke(checks.command, ["--only", "lint"]).output
    (tmp_path / "shared" / "data").mkdir(parents=True)
    assert "../shared" not in CliRunner().invoke(checks.command, ["--only", "lint"]).output
    assert len(ran) == 4


@pytest.mark.parametrize("good", [True, False])
def test_mutations_are_tried_alone_and_decide_the_exit_code(monkeypatch: pytest.MonkeyPatch, *, good: bool) -> None:
    seen: list[Step] = []

    def note(step: Step) -> bool:
        seen.append(step)
        return good

    monkeypatch.setattr(checks, "run", note)
    result = CliRunner().invoke(checks.command, ["--mutations", "timer", "tenants"])
    assert [step.arguments for step in seen] == [["-u", "-m", "tests.mutations", "timer", "tenants"]]
    assert result.exit_code == (0 if good else 1)


def test_mutations_are_no_part_of_another_check(ran: list[str]) -> None:
    result = CliRunner().invoke(checks.command, ["--mutations", "--only", "lint"])
    assert (ran, result.exit_code) == ([], 2)
    assert "Give one of them" in result.output


@pytest.mark.parametrize("good", [True, False])
def test_containers_are_run_alone_and_asked_for(monkeypatch: pytest.MonkeyPatch, *, good: bool) -> None:
    seen: list[Step] = []
    monkeypatch.setenv("CONTAINER_TESTS", "")

    def note(step: Step) -> bool:
        seen.append(step)
        assert os.environ["CONTAINER_TESTS"] == "1"
        return good

    monkeypatch.setattr(checks, "run", note)
    result = CliRunner().invoke(checks.command, ["--containers", "-k", "drive"])
    assert [step.arguments for step in seen] == [["-m", "pytest", "-k", "drive", "tests/containers"]]
    assert result.exit_code == (0 if good else 1)


def test_without_containers_it_says_that_they_are_left_out(ran: list[str]) -> None:
    result = CliRunner().invoke(checks.command, ["--only", "lint"])
    assert "Run them with: ./nexus test --containers" in result.output
    assert ran


@pytest.mark.parametrize("others", [["--mutations"], ["--only", "lint"]])
def test_containers_go_with_nothing_else(ran: list[str], others: list[str]) -> None:
    result = CliRunner().invoke(checks.command, ["--containers", *others])
    assert (ran, result.exit_code) == ([], 2)


@pytest.mark.parametrize(("code", "verdict"), [("0", "ok, "), ("3", "FAILED (exit code 3), ")])
def test_a_step_says_how_it_went(code: str, verdict: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Step("lint", "example", ["-c", f"import sys; sys.exit({code})"])) is (code == "0")
    assert f"example: {verdict}" in capsys.readouterr().out


def test_import_linter_is_called_in_a_way_that_reports_a_broken_law(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its click function exits by itself; a wrapper that swallowed that would call every law kept."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.importlinter]\nroot_packages = ["low"]\n'
        '[[tool.importlinter.contracts]]\nname = "b stands on a"\ntype = "layers"\nlayers = ["low.b", "low.a"]\n'
    )
    (tmp_path / "low").mkdir()
    for name, text in {"__init__": "", "a": "import low.b\n", "b": ""}.items():
        (tmp_path / "low" / f"{name}.py").write_text(text)
    monkeypatch.setattr(checks, "_CHECKOUT", tmp_path)
    (step,) = (step for step in steps((), None) if step.name == "import-linter")
    assert run(step) is False
    (tmp_path / "low" / "a.py").write_text("")
    assert run(step) is True
