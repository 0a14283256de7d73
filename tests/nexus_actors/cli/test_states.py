"""What `nexus states` prints and asks."""

import pytest
from click.testing import CliRunner

from nexus_actors.cli import states
from nexus_actors.runtime.state_commands import StateShown
from nexus_actors.states import StateName, content_of

NAME = StateName(service="auth-ms", actor="AccountActor", key="a")
TEXT = '{"email":"ana@example.org","sealed_password":"c2VhbGVk","roles":[1]}'


@pytest.mark.parametrize("raw", [False, True])
def test_secrets_and_people_are_masked_unless_all_is_asked_for(raw: bool) -> None:
    shown = states.described(content_of(NAME, StateShown(text=TEXT), raw=raw))
    assert ("ana@example.org" in shown, "c2VhbGVk" in shown) == (raw, raw)
    assert '"roles": [' in shown


@pytest.mark.parametrize("raw", [False, True])
def test_what_is_no_json_is_shown_as_text(raw: bool) -> None:
    content = content_of(NAME, StateShown(text='{"password": "hunter22"', problem="truncated"), raw=raw)
    assert content.state is None
    assert ("hunter22" in states.described(content)) == raw


def test_nothing_is_dropped_without_a_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "_with_states", lambda work: pytest.fail("It was dropped."))
    asked = CliRunner().invoke(states.command, ["drop", "auth-ms", "AccountActor", "a"], input="n\n")
    assert "Drop the state of AccountActor a of auth-ms for good?" in asked.output
    assert asked.exit_code == 1
