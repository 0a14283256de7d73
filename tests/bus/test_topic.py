"""Names of streams."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus import Channel, StreamName, Topic
from bus.topic import stream_parts


@given(st.from_regex(r"[a-z]+(-[a-z]+)*", fullmatch=True), st.integers(0, 10), st.data())
def test_the_name_of_a_stream_says_what_it_carries(service: str, power: int, data: st.DataObject) -> None:
    topic = Topic(service, 2**power)
    partition = data.draw(st.integers(0, topic.partitions - 1))
    channels: tuple[Channel, ...] = ("commands", "events")
    for channel in channels:
        assert stream_parts(topic.stream(channel, partition)) == (service, partition, channel)


@pytest.mark.parametrize("name", ["", "fleet", "{replies:1f}:replies", "{fleet:x}:events", "{fleet}:events", "{fleet:1}:"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"stream|invalid literal"):
        stream_parts(StreamName(name))
