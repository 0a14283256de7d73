"""What `nexus states` prints and asks."""

from typing import Any

import pytest
from click.testing import CliRunner

from nexus_actors.cli import states
from nexus_actors.operations.states import StateContent, StateName, content_of
from nexus_actors.runtime.own_commands import StateShown

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


@pytest.mark.parametrize(("options", "tenant"), [([], "main"), (["--tenant", "red"], "red")])
@pytest.mark.parametrize("order", [["show"], ["replace"], ["drop", "--yes"]], ids=lambda order: order[0])
def test_an_order_is_about_the_actor_of_one_tenant(
    monkeypatch: pytest.MonkeyPatch, order: list[str], options: list[str], tenant: str
) -> None:
    named: list[StateName] = []

    class Recorder:
        def __getattr__(self, _: str) -> Any:
            return self._order

        def _order(self, name: StateName, *_: object, **__: object) -> StateContent:
            named.append(name)
            return content_of(name, StateShown(text="{}"), raw=True)

    monkeypatch.setattr(states, "_with_states", lambda work: work(Recorder(), None))
    words = ["auth-ms", "AccountActor", "a", *(["{}"] if order == ["replace"] else [])]
    result = CliRunner().invoke(states.command, [*order, *options, *words])
    assert (result.exit_code, named) == (0, [StateName(service="auth-ms", actor="AccountActor", key="a", tenant=tenant)])


def test_nothing_is_dropped_without_a_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "_with_states", lambda work: pytest.fail("It was dropped."))
    asked = CliRunner().invoke(states.command, ["drop", "auth-ms", "AccountActor", "a"], input="n\n")
    assert "Drop the state of AccountActor a of auth-ms for good?" in asked.output
    assert asked.exit_code == 1
