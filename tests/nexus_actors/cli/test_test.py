import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from nexus_actors.cli import test as checks
from nexus_actors.cli.test import Ended, Step, behaviour_steps, run, static_steps

TOGETHER = ["-n", "2", "--dist=loadfile", "--no-loadscope-reorder"]


def pytest_arguments(*arguments: str) -> list[str]:
    """What pytest is called with for these arguments of `nexus test`."""
    (step,) = behaviour_steps(arguments)
    assert step.arguments[:2] == ["-m", "pytest"]
    return step.arguments[2:]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Step]:
    """The steps that were run; `mypy` fails."""
    seen: list[Step] = []

    def note(step: Step, *, keeps_output: bool = False) -> Ended:
        seen.append(step)
        return Ended(step, int(step.name == "mypy"), 0.1, "said by mypy\n" if step.name == "mypy" and keeps_output else "")

    monkeypatch.setattr(checks, "perform", note)
    monkeypatch.setattr(checks, "_CHECKOUT", tmp_path / "checkout")
    return seen


def names(steps: Sequence[Step]) -> list[str]:
    return [step.name for step in steps]


def test_everything_runs_in_two_processes_without_coverage() -> None:
    assert pytest_arguments() == ["-q", *TOGETHER]


@pytest.mark.parametrize(
    "arguments", [("-k", "codec or ids", "-x"), ("tests/bus",), ("-m", "faults", "tests/bus"), ("--lf",), ("-x",)]
)
def test_what_chooses_tests_goes_to_one_process_as_it_is(arguments: tuple[str, ...]) -> None:
    assert pytest_arguments(*arguments) == [*arguments]


@pytest.mark.parametrize(
    "arguments", [("-m", "not faults"), ("-mfaults",), ("-vv", "-m", "slow"), ("--durations=30", "--budgets=print")]
)
def test_a_mark_or_what_chooses_nothing_leaves_too_many_tests_for_one_process(arguments: tuple[str, ...]) -> None:
    assert pytest_arguments(*arguments) == ["-q", *TOGETHER, *arguments]


@pytest.mark.parametrize("arguments", [("tests/bus", "-n", "4"), ("-n4",), ("--numprocesses=4",)])
def test_who_says_how_many_processes_gets_them(arguments: tuple[str, ...]) -> None:
    assert pytest_arguments(*arguments)[-len(arguments) - 2 :] == [*TOGETHER[2:], *arguments]


def test_a_change_chooses_files_for_two_processes(ran: list[Step], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def seen_by(revision: str) -> list[str]:
        asked.append(revision)
        return ["tests/bus/test_ids.py"]

    monkeypatch.setattr(checks, "seen_by", seen_by)
    for arguments in (["--changed"], ["--changed", "HEAD~3"], ["--changed", "-m", "not faults"]):
        CliRunner().invoke(checks.command, arguments)
    assert asked == ["", "HEAD~3", ""]
    calls = [step.arguments for step in ran if step.name == "pytest"]
    assert calls[:2] == [["-m", "pytest", "-q", *TOGETHER, "tests/bus/test_ids.py"]] * 2
    assert calls[2][-3:] == ["-m", "not faults", "tests/bus/test_ids.py"]
    assert names(ran)[:2] == ["ruff format", "ruff check"]


def test_a_revision_that_git_does_not_know_runs_nothing(ran: list[Step], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_CHECKOUT", Path(__file__).parents[3])
    result = CliRunner().invoke(checks.command, ["--changed", "nonsense"])
    assert (ran, result.exit_code) == ([], 1)
    assert "Give a revision that git knows" in result.output


def test_coverage_is_measured_on_demand_in_one_process() -> None:
    steps = behaviour_steps(("tests/bus",), coverage=True)
    assert names(steps) == ["coverage erase", "pytest", "coverage combine", "coverage"]
    assert steps[1].arguments == ["-m", "coverage", "run", "-m", "pytest", "--budgets=print", "tests/bus"]


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ("lint", ["ruff format", "ruff check"]),
        ("types", ["mypy"]),
        ("laws", ["import-linter", "tests/test_laws.py"]),
        ("tests", ["pytest"]),
    ],
)
def test_a_part_can_be_chosen(ran: list[Step], only: str, expected: list[str]) -> None:
    CliRunner().invoke(checks.command, ["--only", only])
    assert names(ran) == expected


def test_a_failure_does_not_stop_what_follows_and_decides_the_exit_code(ran: list[Step]) -> None:
    result = CliRunner().invoke(checks.command, ["tests/bus", "-k", "codec"])
    assert sorted(names(ran)) == ["import-linter", "mypy", "pytest", "ruff check", "ruff format"]
    assert result.exit_code == 1
    assert "Failed: mypy." in result.output


def test_what_runs_beside_the_tests_says_its_say_after_them(ran: list[Step]) -> None:
    output = CliRunner().invoke(checks.command, []).output
    said = [line for line in output.splitlines() if line.startswith(("==", "said"))]
    assert said == ["== ruff format", "== ruff check", "== pytest", "== mypy", "said by mypy", "== import-linter"]
    assert ran


def test_all_well_is_exit_code_0(ran: list[Step]) -> None:
    result = CliRunner().invoke(checks.command, ["--only", "lint"])
    assert (names(ran), result.exit_code) == (["ruff format", "ruff check"], 0)
    assert "All checks passed." in result.output


def test_a_thorough_run_is_seen_by_the_tests_and_held_to_no_budget(ran: list[Step], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THOROUGH_TESTS", "")
    CliRunner().invoke(checks.command, ["--only", "tests", "--thorough"])
    assert os.environ["THOROUGH_TESTS"] == "1"
    assert "--budgets=print" in ran[0].arguments


def test_absent_reference_data_are_mentioned(ran: list[Step], tmp_path: Path) -> None:
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


def test_mutations_are_no_part_of_another_check(ran: list[Step]) -> None:
    result = CliRunner().invoke(checks.command, ["--mutations", "--only", "lint"])
    assert (ran, result.exit_code) == ([], 2)
    assert "Give one of them" in result.output


@pytest.mark.parametrize(("asked", "passed"), [([], []), (["wallet-ms"], ["wallet-ms"])])
def test_features_are_shown_alone(ran: list[Step], asked: list[str], passed: list[str]) -> None:
    result = CliRunner().invoke(checks.command, ["--features", *asked])
    assert [step.arguments for step in ran] == [["-m", "tests.features", *passed]]
    assert result.exit_code == 0


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


def test_without_containers_it_says_that_they_are_left_out(ran: list[Step]) -> None:
    result = CliRunner().invoke(checks.command, ["--only", "lint"])
    assert "Run them with: ./nexus test --containers" in result.output
    assert ran


@pytest.mark.parametrize("others", [["--mutations"], ["--only", "lint"]])
def test_containers_go_with_nothing_else(ran: list[Step], others: list[str]) -> None:
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
    step = static_steps("laws")[0]
    assert run(step) is False
    (tmp_path / "low" / "a.py").write_text("")
    assert run(step) is True
