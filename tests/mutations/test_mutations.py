"""The mutations fit the code as it is, and their runner is not easily satisfied."""

import sys
from pathlib import Path

import pytest

from tests.mutations import __main__ as table
from tests.mutations.catalogue import MUTATIONS
from tests.mutations.mutation import Mutation, StaleMutation
from tests.mutations.trial import Run, attempt, judge, run, unbroken

_CHECKOUT = Path(__file__).resolve().parents[2]
HALVED = Mutation(
    "a half is a half", "halves are thirds", "bus/half.py", "number / 2", "number / 3", ("tests/test_half.py::test_half",)
)
UNSEEN = Mutation(
    "a half is a half", "it is said twice", "bus/half.py", "return", "return 0 or", ("tests/test_half.py::test_half",)
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a function and its test."""
    for name in ("bus", "modules", "nexus_actors", "tests"):
        (tmp_path / name).mkdir()
    # A package like ours, and not a part of one that the interpreter would find elsewhere.
    (tmp_path / "bus" / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    (tmp_path / "bus" / "half.py").write_text("def half(number: float) -> float:\n    return number / 2\n")
    test = "from bus.half import half\n\n\ndef test_half() -> None:\n    assert half(6) == 3\n"
    (tmp_path / "tests" / "test_half.py").write_text(test)
    return tmp_path


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.broken)
def test_every_mutation_fits_the_code_as_it_is(mutation: Mutation) -> None:
    broken = mutation.mutated(_CHECKOUT)
    assert broken != (_CHECKOUT / mutation.file).read_text(encoding="utf-8")
    if mutation.file.endswith(".py"):
        compile(broken, mutation.file, "exec")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.broken)
def test_the_tests_that_a_mutation_names_are_there(mutation: Mutation) -> None:
    for test in mutation.tests:
        path, _, name = test.partition("::")
        source = (_CHECKOUT / path).read_text(encoding="utf-8")
        assert not name or f"def {name.partition('[')[0]}(" in source


def test_no_two_mutations_are_called_the_same() -> None:
    assert len({mutation.broken for mutation in MUTATIONS}) == len(MUTATIONS)


def test_a_break_that_a_test_notices_is_caught_and_the_checkout_stays_as_it_is(checkout: Path) -> None:
    before = (checkout / "bus" / "half.py").read_text()
    trial = attempt(checkout, HALVED)
    assert (trial.verdict, trial.by) == ("caught", "tests/test_half.py::test_half")
    assert (checkout / "bus" / "half.py").read_text() == before
    assert unbroken(checkout, [HALVED, HALVED]).code == 0


def test_a_break_that_no_test_notices_is_not_caught(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert attempt(checkout, UNSEEN).verdict == "NOT CAUGHT"
    assert not table.show(checkout, [HALVED, UNSEEN])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["guarantee", "break", "time", "caught", "by"]
    assert "halves are thirds" in lines[1]
    assert "test_half.py::test_half" in lines[1]
    assert "NOT CAUGHT" in lines[2]
    assert lines[-1] == "1 of 2 breaks caught."


@pytest.mark.parametrize("text", ["", "number / 2; number / 2"])
def test_a_text_that_is_not_there_once_is_an_error(checkout: Path, text: str) -> None:
    (checkout / "bus" / "half.py").write_text(text)
    with pytest.raises(StaleMutation, match="Fit the mutation"):
        HALVED.apply(checkout)
    assert attempt(checkout, HALVED).verdict == "error"


def test_tests_that_never_end_are_ended(checkout: Path) -> None:
    (checkout / "tests" / "test_half.py").write_text("def test_half() -> None:\n    while True:\n        pass\n")
    ran = run(checkout, HALVED.tests, longest_s=2)
    assert ran.code is None
    assert judge(HALVED, ran, 2.0).verdict == "error"


@pytest.mark.parametrize(
    ("code", "output"),
    [
        (1, "ERROR tests/test_half.py::test_half - the server did not start\n"),
        (2, "ERROR tests/test_half.py\n"),
        (4, "ERROR: not found\n"),
        (5, "no tests ran\n"),
        (-9, ""),
    ],
)
def test_a_run_that_showed_nothing_catches_nothing(code: int, output: str) -> None:
    assert judge(HALVED, Run(code, output), 1.0).verdict == "error"


@pytest.mark.parametrize("name", ["tests/t.py::test_a", "tests/t.py::test_a[a b - c]", "tests/t.py::Case::test_a[1]"])
def test_the_test_that_failed_is_named(name: str) -> None:
    assert Run(1, f"...\nFAILED {name} - assert 1 == 2\nFAILED tests/other.py::test_b\n").failed == name


def test_tests_that_fail_by_themselves_catch_nothing(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(table, "_CHECKOUT", checkout)
    monkeypatch.setattr(table, "MUTATIONS", (HALVED,))
    assert table.main([]) == 0
    (checkout / "bus" / "half.py").write_text("def half(number: float) -> float:\n    return number / 2 + 1\n")
    assert table.main([]) == 1
    assert "catch nothing" in capsys.readouterr().out


def test_words_choose_mutations() -> None:
    assert table.chosen([]) == list(MUTATIONS)
    assert {mutation.guarantee for mutation in table.chosen(["rate limit"])} == {"requests have a rate limit"}
    assert table.main(["no such words"]) == 1


def test_it_runs_with_the_interpreter_of_the_caller(checkout: Path) -> None:
    test = f"import sys\n\n\ndef test_half() -> None:\n    assert sys.prefix == {sys.prefix!r}\n"
    (checkout / "tests" / "test_half.py").write_text(test)
    assert run(checkout, HALVED.tests).code == 0
