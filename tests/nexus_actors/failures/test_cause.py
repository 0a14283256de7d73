"""An error is told in bounded work and bounded length, whatever it is."""

import traceback
from typing import NoReturn

import pytest

from bus.text import error_text, is_storable
from nexus_actors.failures import cause
from nexus_actors.failures.cause import described, is_vast


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001 - it is the one above
        return caught


def chained(length: int) -> BaseException:
    error: BaseException = ValueError("number 0")
    for number in range(1, length):
        after = ValueError(f"number {number}")
        after.__cause__ = error
        error = after
    return raised(error)


def with_note(error: Exception, note: str) -> Exception:
    error.add_note(note)
    return error


class Nested:
    class Told(Exception):
        pass


def test_an_error_is_told_as_python_does() -> None:
    error = raised(ValueError("no"))
    assert described(error) == "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    ("error", "last"),
    [
        (ExceptionGroup("two", [ValueError("a"), KeyError("b")]), "ExceptionGroup: two (2 sub-exceptions)"),
        (ValueError("no\nDETAIL:  Key (a)=(b) is there.\n"), "ValueError: no DETAIL: Key (a)=(b) is there."),
        (with_note(ValueError("no"), "Found in line 7."), "ValueError: no"),
        (Nested.Told("no\nHINT:  None."), f"{__name__}.Nested.Told: no HINT: None."),
        (Nested.Told("no"), f"{__name__}.Nested.Told: no"),
        (chained(cause.MOST_ERRORS + 1), f"ValueError: number {cause.MOST_ERRORS}"),
    ],
)
def test_its_last_line_is_its_type_and_what_it_says(error: BaseException, last: str) -> None:
    assert described(raised(error)).splitlines()[-1] == last


def test_a_long_one_is_cut_at_its_front_and_can_be_kept() -> None:
    text = described(raised(ValueError("\udcff\0" * 10_000 + "end")), 500)
    assert len(text) <= 500
    assert is_storable(text)
    assert text.endswith("end\n")


def test_of_a_chain_of_thousands_the_first_and_the_last_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traceback, "format_exception", _not_to_be_called)
    text = described(chained(5_000))
    assert [f"number {number}\n" in text for number in (0, 4, 5, 4_994, 4_995, 4_999)] == [True, True, False, False, True, True]
    assert "(and 4990 more between them)" in text


def test_a_chain_that_runs_in_a_circle_is_told() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert not is_vast(first)
    assert "second" in described(first)


def test_of_a_group_of_thousands_the_first_members_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traceback, "format_exception", _not_to_be_called)
    looked_at: list[BaseException] = []

    def counted(error: BaseException, longest: int) -> str:
        looked_at.append(error)
        return error_text(error, longest)

    monkeypatch.setattr(cause, "error_text", counted)
    inner = ExceptionGroup("inner", [ValueError(f"member {number}") for number in range(10_000)])
    text = described(raised(ExceptionGroup("outer", [inner] * 100)))
    assert "member 4\n" in text
    assert "member 5\n" not in text
    assert "of 10000" in text
    assert len(looked_at) == 1 + 5 + 5 * 5 + 1  # the last is the line at the end


class Hostile(Exception):
    """Raises whatever it is asked."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __repr__(self) -> str:
        raise RuntimeError("no text")


def test_an_error_that_raises_when_it_is_asked_is_told() -> None:
    text = described(raised(Hostile()))
    assert "Hostile" in text


def _not_to_be_called(*_: object) -> NoReturn:
    raise AssertionError("all of it would be laid out")
