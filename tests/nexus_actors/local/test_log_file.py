"""Logs: their end, what is added to them, and their length."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_actors.local.log_file import FileTail, last_lines, open_log, put_aside


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "worker-1.log"


def test_the_last_lines_are_read(log: Path) -> None:
    log.write_text("a\nb\nc\n")
    assert last_lines(log, 2) == ["b", "c"]
    assert last_lines(log, 9) == ["a", "b", "c"]
    assert last_lines(log, 0) == []
    assert last_lines(log) == ["a", "b", "c"]
    assert last_lines(log.with_name("none"), 2) == []


def test_a_line_cut_by_the_limit_is_left_out(log: Path) -> None:
    log.write_text("first line\nsecond\n")
    assert last_lines(log, 5, within_bytes=10) == ["second"]


def test_only_what_is_added_is_followed_by_whole_lines(log: Path) -> None:
    log.write_text("old\n")
    tail = FileTail(log)
    assert tail.new_lines() == []
    with log.open("a") as stream:
        stream.write("one\ntw")
        stream.flush()
        assert tail.new_lines() == ["one"]
        stream.write("o\n")
    assert tail.new_lines() == ["two"]


def test_a_log_that_was_emptied_is_followed_from_its_beginning(log: Path) -> None:
    log.write_text("old and long\n")
    tail = FileTail(log)
    log.write_text("new\n")
    assert tail.new_lines() == ["new"]


@given(st.lists(st.binary(min_size=1, max_size=9).filter(lambda part: b"\r" not in part), max_size=12))
def test_portions_make_no_difference(tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]) -> None:
    file = tmp_path_factory.mktemp("log") / "log"
    file.touch()
    tail, lines = FileTail(file), list[str]()
    with file.open("ab", buffering=0) as stream:
        for part in parts:
            stream.write(part)
            lines += tail.new_lines()
    assert lines == [line.decode(errors="replace") for line in b"".join(parts).split(b"\n")[:-1]]


def test_a_long_log_is_put_aside_while_it_is_written(log: Path) -> None:
    descriptor = open_log(log)
    try:
        os.write(descriptor, b"x" * 50 + b"\n")
        assert not put_aside(log, limit_bytes=100)
        os.write(descriptor, b"y" * 50 + b"\n")
        assert put_aside(log, limit_bytes=100)
        os.write(descriptor, b"z\n")
    finally:
        os.close(descriptor)
    assert log.read_bytes() == b"z\n"
    assert log.with_name("worker-1.log.1").stat().st_size == 102
    assert log.stat().st_mode & 0o777 == 0o600
