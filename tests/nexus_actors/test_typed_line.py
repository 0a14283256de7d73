"""Lines of text as people type them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_actors.typed_line import one_line


@pytest.mark.parametrize("typed", ["a\x00b", "a\x1b[2J", "a\u202eb", "a\ufeffb", "a\ufffeb", "a\ue000b", "a\ud800b"])
def test_characters_that_do_not_show_are_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="do not show"):
        one_line(typed)


def test_line_ends_and_tabs_become_a_space() -> None:
    assert one_line("\tNorth\r\n yard\u2028 7\n") == "North yard 7"


@given(st.text(max_size=60))
def test_a_line_is_stable_and_shows(typed: str) -> None:
    try:
        line = one_line(typed)
    except ValueError:
        return
    assert one_line(line) == line
    assert line.strip() == line
    assert len(line.splitlines()) <= 1
    assert not any(unicodedata.category(character) == "Cc" for character in line)
