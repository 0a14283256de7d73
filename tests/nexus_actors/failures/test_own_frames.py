"""Tracebacks without the frames that nobody asked for."""

import json
from types import SimpleNamespace

import pytest

from nexus_actors.actor import handlers_of
from nexus_actors.failures.own_frames import is_own, own_traceback


def caught(error_type: type[Exception], work: object) -> Exception:
    with pytest.raises(error_type) as found:
        work()  # type: ignore[operator]
    return found.value


def _read() -> None:
    json.loads("{password=hunter2")


def _wrap() -> None:
    try:
        _read()
    except ValueError as error:
        raise LookupError("no recipe") from error


def test_frames_of_libraries_and_of_the_runtime_are_left_out() -> None:
    told = own_traceback(caught(ValueError, _read))
    assert "in _read" in told
    assert "json/decoder.py" not in told
    assert "Expecting property name" in told


def test_causes_are_told_with_their_own_frames() -> None:
    told = own_traceback(caught(LookupError, _wrap))
    cause, _, rest = told.partition("direct cause")
    assert "in _read" in cause
    assert "in _wrap" in rest
    assert rest.rstrip().endswith("LookupError: no recipe")
    assert "site-packages" not in told


def _chain(length: int) -> None:
    """What a loop raises in the end that goes on after each failure: each error has the one before it behind it."""
    behind: Exception | None = None
    for number in range(length):
        try:
            raise LookupError(f"attempt {number}") from behind
        except LookupError as error:
            behind = error
    assert behind is not None
    raise behind


def test_an_error_with_thousands_behind_it_is_told_in_short() -> None:
    told = own_traceback(caught(LookupError, lambda: _chain(5_000)))
    assert told.rstrip().endswith("LookupError: attempt 4999")
    assert "LookupError: attempt 0\n" in told
    assert "(and 4990 more between them)" in told


def test_where_no_frame_is_a_services_all_are_shown() -> None:
    error = caught(AttributeError, lambda: handlers_of(SimpleNamespace(x=SimpleNamespace(handles_as=1))))  # type: ignore[arg-type]
    while error.__traceback__ and is_own(error.__traceback__.tb_frame.f_code.co_filename):
        error.__traceback__ = error.__traceback__.tb_next
    assert "in handlers_of" in own_traceback(error)


def test_secrets_are_not_told() -> None:
    assert "hunter2" not in own_traceback(ValueError("password=hunter2"))


def test_only_files_of_services_are_own() -> None:
    assert is_own("/home/me/shop/modules/shop/actors.py")
    assert is_own(__file__)
    assert not is_own(json.__file__)
    assert not is_own(handlers_of.__code__.co_filename)
    assert not is_own("<frozen importlib._bootstrap>")
