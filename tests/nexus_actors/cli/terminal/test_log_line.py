"""Lines of logs, as people read them."""

import pytest

from nexus_actors.cli.terminal.log_line import belongs_to, instant, read_line, shown
from nexus_actors.cli.terminal.screen import unstyled

LINE = '{"time":"2026-03-02T07:00:00.123Z","level":"warning","service":"auth-ms","event":"slow","took_s":1.5,"who":"x"}'


def test_an_event_is_shown_with_its_fields() -> None:
    assert unstyled(shown(LINE)) == "2026-03-02T07:00:00.123Z warning  auth-ms        slow  took_s=1.5 who=x"


@pytest.mark.parametrize("line", ["", "Traceback (most recent call last):", "{broken", '{"no":"event"}', "[1]"])
def test_what_is_no_event_is_shown_as_it_is(line: str) -> None:
    assert read_line(line) is None
    assert shown(line) == line
    assert instant(line) == ""
    assert belongs_to(line, None)
    assert not belongs_to(line, "auth-ms")


def test_a_line_belongs_to_its_service() -> None:
    assert belongs_to(LINE, "auth-ms")
    assert not belongs_to(LINE, "tracker-ms")
    assert instant(LINE) == "2026-03-02T07:00:00.123Z"
