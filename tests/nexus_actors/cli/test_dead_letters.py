"""`nexus dead-letters`: what it prints, and what it does about many keys."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partialmethod
from typing import Any
from uuid import UUID

import anyio
import pytest
from click.testing import CliRunner, Result

from nexus_actors.cli import dead_letters
from nexus_actors.cli.dead_letters import command
from nexus_actors.cli.platform.letters import wanted
from nexus_actors.cli.terminal.letters import described
from nexus_actors.operations.dead_letters import DeadLetter, DeadLetters, LetterFilter, OpenedLetter
from tests.nexus_actors.operations.test_letter_content import LETTER, opened
from tests.nexus_actors.shelf import Shelf, letter

ACCOUNT = {"email": "ana@example.org", "sealed_password": "c2VhbGVk", "roles": ["member"] * 200}


def test_secrets_and_people_are_masked_unless_all_is_asked_for() -> None:
    shown = opened(ACCOUNT)
    masked, raw = described(shown, raw=False), described(shown, raw=True)
    for hidden in ("ana@example.org", "c2VhbGVk"):
        assert hidden not in masked
        assert hidden in raw
    assert '"sealed_password": "***"' in masked
    assert "and 100 more" in masked
    assert raw.count('"member"') == 200
    assert "message_id  01950000" in masked


@pytest.mark.parametrize("raw", [False, True])
def test_what_is_no_envelope_is_shown_as_text(raw: bool) -> None:
    body = b'{"password": "hunter22", "to": "ana@example.org"}'
    text = described(OpenedLetter(letter=LETTER, error="", envelope=None, body=body), raw=raw)
    assert ("hunter22" in text, "ana@example.org" in text) == (raw, raw)
    assert "It did not fail itself" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["redrive"],
        ["redrive", "counter-ms"],
        ["redrive", "counter-ms", "a", "--all"],
        ["redrive", "--all", "--cause", "x"],
        ["redrive", "--since", "yesterday"],
        ["redrive", "--since", "1h", "--until", "2h ago"],
        ["redrive", "--all", "--rate", "0"],
        ["drop"],
        ["drop", str(UUID(int=1)), "--cause", "x"],
        ["list", "--by", "colour"],
    ],
)
def test_what_is_not_said_clearly_is_refused(arguments: list[str]) -> None:
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2, result.output


def test_options_say_which_letters_are_meant() -> None:
    options = {
        "service": "s",
        "tenant": "",
        "key": None,
        "type_": "t",
        "cause": "c",
        "since": "2h ago",
        "until": "2026-01-01T12:00:00+01:00",
    }
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert wanted(options, noon) == LetterFilter(
        service="s", tenant="", type="t", cause="c", since=noon - timedelta(hours=2), until=noon - timedelta(hours=1)
    )


class Desk:
    """The dead letters of no platform: three that failed, of two keys."""

    def __init__(self, *letters: DeadLetter) -> None:
        some = [letter(1, "a"), letter(2, "a", behind=True), letter(3, "b"), letter(4, "b", cause="KeyError: x")]
        shelf = Shelf(letters or some)
        self.letters = DeadLetters(shelf, shelf)
        self.shelf = shelf

    def with_letters(self, work: Callable[[DeadLetters], Awaitable[Any]]) -> Any:
        return anyio.run(work, self.letters)


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[Desk, Result]:
    desk = Desk()
    monkeypatch.setattr(dead_letters, "with_letters", desk.with_letters)
    return desk, CliRunner().invoke(command, [*arguments, "--rate", "10000"], input="n\n")


def test_a_dry_run_tells_what_it_would_be_about_and_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, result = call(monkeypatch, "redrive", "--cause", "ValueError", "--dry-run")
    assert "2 failed, of 2 keys. They are tried again, and what waits behind them goes along." in result.output
    assert "Nothing was done" in result.output
    assert (result.exit_code, desk.shelf.released) == (0, [])
    desk, result = call(monkeypatch, "drop", "--cause", "ValueError", "--dry-run")
    assert "2 failed, of 2 keys. They are dropped for good, and what waits behind them is tried again." in result.output
    assert "Nothing was done" in result.output
    assert (result.exit_code, desk.shelf.released) == (0, [])


@pytest.mark.parametrize("named", [("redrive", "s", "a"), ("drop", str(UUID(int=4)), "--yes")])
def test_what_is_named_is_not_done_in_a_dry_run(monkeypatch: pytest.MonkeyPatch, named: tuple[str, ...]) -> None:
    desk, result = call(monkeypatch, *named, "--dry-run")
    assert (result.exit_code, desk.shelf.released) == (2, [])
    assert "See what is named by" in result.output


def test_a_filter_lets_keys_go_on_and_the_result_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, result = call(monkeypatch, "redrive", "--all")
    assert [key for key, _ in desk.shelf.released] == ["a", "b"]
    assert "2 keys go on: 4 letters are tried again, 0 were dropped." in result.output


@pytest.mark.parametrize(("options", "whose"), [((), ["blue", "red"]), (("--tenant", "red"), ["red"])])
def test_a_named_key_goes_on_for_every_tenant_or_for_one(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], whose: list[str]
) -> None:
    desk = Desk(letter(1, "a", tenant="red"), letter(2, "a", tenant="blue"), letter(3, "b", tenant="red"))
    monkeypatch.setattr(dead_letters, "with_letters", desk.with_letters)
    result = CliRunner().invoke(command, ["redrive", "counter-ms", "a", *options])
    assert (result.output, desk.shelf.whose) == (f"a: {len(whose)} are tried again.\n", whose)


def test_a_filter_may_be_of_one_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(letter(1, "a", tenant="red"), letter(2, "a", tenant="blue"))
    monkeypatch.setattr(dead_letters, "with_letters", desk.with_letters)
    result = CliRunner().invoke(command, ["drop", "--tenant", "blue", "--yes"])
    assert (result.exit_code, desk.shelf.whose, desk.shelf.released) == (0, ["blue"], [("a", (UUID(int=2),))])


def test_dropping_by_a_filter_asks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, result = call(monkeypatch, "drop", "--cause", "KeyError")
    assert "Drop 1 messages for good, and try the others of 1 keys again?" in result.output
    assert (result.exit_code, desk.shelf.released) == (1, [])
    desk, result = call(monkeypatch, "drop", "--cause", "KeyError", "--yes")
    assert desk.shelf.released == [("b", (UUID(int=4),))]
    assert "1 were dropped" in result.output


def test_an_owner_that_falls_silent_leaves_what_was_done_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shelf, "ask", partialmethod(_second_time_silent, ask=Shelf.ask))
    desk, result = call(monkeypatch, "redrive", "--all")
    assert len(desk.shelf.released) == 1
    assert "goes on with what is left" in result.output
    assert "1 keys go on: 2 letters are tried again" in result.output


async def _second_time_silent(shelf: Shelf, asked: Any, *, ask: Any, **options: Any) -> Any:
    shelf.silent_after = 1
    return await ask(shelf, asked, **options)


def test_nothing_to_do_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    _, result = call(monkeypatch, "redrive", "--cause", "OSError")
    assert "There are no such dead letters." in result.output
