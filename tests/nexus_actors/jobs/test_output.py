"""What of a work's prints is logged, and what it may report, by a clock that stands or goes as it is told."""

import os
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from nexus_actors.jobs.bucket import Bucket
from nexus_actors.jobs.child import REPORTS_AT_ONCE, REPORTS_PER_S, Reporter
from nexus_actors.jobs.frames import Frame, Reported
from nexus_actors.jobs.output import (
    BYTES_AT_ONCE,
    LINES_AT_ONCE,
    LINES_PER_S,
    LONGEST_LINE,
    SAY_EVERY_S,
    LeftOut,
    Output,
)

FEW = st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=40)


@given(lines=FEW, cuts=st.lists(st.integers(0, 1_500), max_size=10))
def test_a_few_lines_come_out_as_they_were_printed_wherever_the_pieces_are_cut(lines: list[bytes], cuts: list[int]) -> None:
    data = b"\n".join(lines)
    places = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    output = Output(0)
    found = [line for start, end in pairwise(places) for line in output.feed(data[start:end], 0)]
    found += output.end(0)
    assert found == [line.decode(errors="replace").rstrip() for line in lines if line.strip()]
    assert output.left_out(0, ended=True) is None


def test_a_flood_is_let_through_up_to_the_burst_and_then_at_the_rate() -> None:
    output = Output(0)
    piece = b"x\n" * 10_000
    assert [len(output.feed(piece, now)) for now in (0, 0, 1, 1, 3)] == [LINES_AT_ONCE, 0, LINES_PER_S, 0, 2 * LINES_PER_S]
    assert output.left_out(3, ended=True) == LeftOut(lines=50_000 - int(LINES_AT_ONCE + 3 * LINES_PER_S))


def test_long_lines_use_up_the_bytes() -> None:
    output = Output(0)
    assert len(output.feed((b"x" * LONGEST_LINE + b"\n") * 90, 0)) == BYTES_AT_ONCE // LONGEST_LINE


def test_a_line_without_end_is_cut_and_takes_no_more_memory() -> None:
    output = Output(0)
    for _ in range(1_000):
        assert output.feed(b"\0" * 65_536, 0) == []
        assert len(output._rest) == LONGEST_LINE
    assert [len(line) for line in output.feed(b"\nnext\n", 0)] == [LONGEST_LINE, 4]


def test_what_was_left_out_is_said_every_few_seconds_and_once() -> None:
    output = Output(0)
    output.feed(b"x\n" * (int(LINES_AT_ONCE) + 12_345), 0)
    assert output.left_out(SAY_EVERY_S - 1) is None
    assert str(output.left_out(SAY_EVERY_S)) == "12,345 lines left out"
    assert output.left_out(100, ended=True) is None


def test_a_million_reports_are_a_few_frames_and_the_newest_comes_with_the_next() -> None:
    frames: list[Frame] = []
    readable, writable = os.pipe()
    now = 0.0
    report = Reporter(frames.append, readable, lambda: now)
    for number in range(10_000):
        report(number / 1_000_000, f"step {number}")
    assert len(frames) == REPORTS_AT_ONCE
    now = 1 / REPORTS_PER_S
    report(0.5, "second pass")
    assert frames[-1] == Reported(fraction=0.5, note="second pass")
    os.close(readable)
    os.close(writable)


def test_a_bucket_tells_how_long_what_was_taken_too_early_takes_to_make_up_for() -> None:
    bucket = Bucket(per_s=10, burst=20, now=100)
    assert [bucket.take(count, 100) for count in (20, 5, 5)] == [0, 0.5, 1]
    assert bucket.take(0, 101) == 0
    assert not bucket.holds(1, 101)
    assert bucket.holds(20, 1_000)
    assert not bucket.holds(21, 1_000)
