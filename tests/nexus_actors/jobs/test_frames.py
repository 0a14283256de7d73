"""Frames: cut anywhere, garbled anyhow."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from nexus_actors.jobs.frames import (
    LONGEST_FRAME,
    Failed,
    Frame,
    Frames,
    GarbledFrame,
    Reported,
    Returned,
    Stopped,
    framed,
    read_frame,
)

NOTES = st.text(max_size=200)
FRAMES = st.one_of(
    st.builds(Reported, fraction=st.floats(0, 1), note=NOTES),
    st.builds(Failed, error=NOTES, final=st.booleans()),
    st.builds(Returned, wire_type=NOTES, data=st.sampled_from([Raw(b"{}"), Raw(b'{"a":[1]}')])),
    st.just(Stopped()),
)


@given(sent=st.lists(FRAMES, max_size=5), cuts=st.lists(st.integers(0, 400), max_size=10))
def test_frames_come_out_as_they_went_in_wherever_they_are_cut(sent: list[Frame], cuts: list[int]) -> None:
    data = b"".join(map(framed, sent))
    places = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    frames = Frames()
    found = [read_frame(body) for start, end in pairwise(places) for body in frames.feed(data[start:end])]
    assert found == sent


@given(st.binary(max_size=300))
def test_anything_else_is_garbled_or_waits_for_more(data: bytes) -> None:
    with suppress(GarbledFrame):
        for body in Frames().feed(data):
            assert isinstance(read_frame(body), Reported | Failed | Returned | Stopped)


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"Reported","fraction":1.5,"note":""}',
        b'{"type":"Reported","fraction":NaN,"note":""}',
        b'{"type":"Reported","fraction":"1","note":""}',
        b'{"type":"Reported","fraction":1,"note":"' + b"x" * 201 + b'"}',
        b'{"type":"Failed","error":"' + b"x" * 2_001 + b'"}',
        b'{"type":"Unheard"}',
        b"[" * 100_000,
        b"",
    ],
)
def test_a_frame_out_of_bounds_is_none(body: bytes) -> None:
    with pytest.raises(GarbledFrame):
        read_frame(body)


def test_a_frame_that_would_be_too_long_is_not_made() -> None:
    with pytest.raises(ValueError, match="Say less"):
        framed(Returned(wire_type="t", data=Raw(b'"' + b"x" * LONGEST_FRAME + b'"')))
