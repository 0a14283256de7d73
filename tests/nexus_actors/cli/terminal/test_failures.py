"""What went wrong, told to people."""

import signal

import pytest

from bus import FieldError, Refusal
from nexus_actors.cli.terminal.failures import told
from nexus_actors.errors import ConfigError, NexusError


def end_with(error: BaseException) -> int:
    with pytest.raises(SystemExit) as ended, told():
        raise error
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_what_was_foreseen_is_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert end_with(ConfigError("NEXUS_X is wrong")) == 1
    assert "NEXUS_X is wrong" in capsys.readouterr().err


def test_a_refusal_names_code_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    assert end_with(Refusal.invalid("bad_plate", "Correct it.", FieldError("$.plate", "It is empty."))) == 1
    shown = capsys.readouterr().err
    assert "bad_plate" in shown
    assert "$.plate: It is empty." in shown


def test_groups_are_taken_apart(capsys: pytest.CaptureFixture[str]) -> None:
    group = ExceptionGroup("tasks", [NexusError("one"), ExceptionGroup("inner", [NexusError("two")])])
    assert end_with(group) == 1
    assert capsys.readouterr().err.split() == ["one", "two"]


def test_what_was_not_foreseen_shows_where_it_happened() -> None:
    with pytest.raises(ZeroDivisionError), told():
        raise ZeroDivisionError
    with pytest.raises(ExceptionGroup), told():
        raise ExceptionGroup("tasks", [NexusError("one"), ZeroDivisionError()])


def test_ctrl_c_ends_quietly(capsys: pytest.CaptureFixture[str]) -> None:
    assert end_with(KeyboardInterrupt()) == 128 + signal.SIGINT
    assert capsys.readouterr().err == ""
