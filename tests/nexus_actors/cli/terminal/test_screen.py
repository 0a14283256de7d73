"""What is printed shows data as it is, and lets none of it steer the terminal."""

import json
import re
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bus import FieldError, Refusal, new_id
from bus.codec import Contracts
from bus.envelope import seal
from nexus_actors.cli.tail import shown as shown_message
from nexus_actors.cli.terminal.failures import tell
from nexus_actors.cli.terminal.letters import described, groups_table, letters_table
from nexus_actors.cli.terminal.log_line import shown as shown_line
from nexus_actors.cli.terminal.progress import show
from nexus_actors.cli.terminal.screen import one_line, say, say_json, styled, unstyled
from nexus_actors.cli.terminal.services import services_table
from nexus_actors.cli.verify import report
from nexus_actors.local.health import Sighting
from nexus_actors.local.report import News
from nexus_actors.operations.dead_letters import LetterGroup, OpenedLetter
from nexus_actors.platform.loading import load_catalogue
from nexus_actors.testing import FakeClock
from tests.nexus_actors.operations.test_letter_content import LETTER
from tests.nexus_actors.runtime.counter import Add

EVIL = "a\x1b]0;pwned\x07\x1b[2J\r\x9b31m\u202eb\x7f\x00"
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
FOLDER = Path(__file__).parents[4] / "nexus_actors" / "cli"
WITHOUT_DATA = {"bench", "chart", "demo", "deploy", "docs", "lock", "main", "scaffold", "soak", "test"}
"""Commands of developers and of packaging, which print their own texts and names of this checkout."""


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return captured.out + captured.err


@given(st.text(st.characters(exclude_categories=[])))
def test_no_text_steers(text: str) -> None:
    assert not STEERS.search(one_line(text))
    assert not set("\n\t") & set(one_line(text))


def test_escapes_say_what_was_there_and_letters_stay(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"{EVIL}\n\tgrün é 漢 🚚 \ud800")
    assert printed(capsys) == ("a\\x1b]0;pwned\\x07\\x1b[2J\\r\\x9b31m\\u202eb\\x7f\\x00\n\tgrün é 漢 🚚 \\ud800\n")


def test_colours_come_from_the_command_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(click, "echo", lambda text, **_: said.append(text))
    say(f"{styled(EVIL, 'red')} \x1b[8mhidden")
    assert said == [f"{click.style(one_line(EVIL), fg='red')} \\x1b[8mhidden"]
    assert unstyled(styled("x", "green")) == "x"


@given(st.dictionaries(st.text(), st.text()))
def test_json_stays_the_same_json(value: dict[str, str]) -> None:
    for body in (json.dumps(value, ensure_ascii=False), json.dumps(value)):
        said: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(click, "echo", said.append)
            say_json(body)
        assert json.loads(said[0]) == value
        assert not STEERS.search(said[0])


@pytest.mark.parametrize(
    "text",
    [
        letters_table([replace(LETTER, key=EVIL, cause=EVIL, type=EVIL)]),
        groups_table(
            [LetterGroup(cause=EVIL, key=EVIL, letters=1, keys=1, first_parked_at=None, last_parked_at=None, last_number=1)],
            ["cause", "key"],
        ),
        described(OpenedLetter(letter=LETTER, error=EVIL, envelope=None, body=EVIL.encode()), raw=True),
        shown_line(json.dumps({"event": EVIL, "service": EVIL, "level": EVIL, "time": EVIL, EVIL: EVIL, "exception": EVIL})),
        shown_line(EVIL),
        shown_message(
            seal(Add(counter=EVIL.strip("\0"), by=1), message_id=new_id(), source="test", now=FakeClock()()), Contracts([Add])
        ),
        services_table(load_catalogue(), [Sighting(service="auth-ms", port=1, state="down", version=EVIL, detail=EVIL)]),
        "\n".join(
            report(
                load_catalogue(),
                [Sighting(service=entry.name, port=1, state="foreign", detail=EVIL) for entry in load_catalogue().services],
            )
        ),
    ],
    ids=["letters", "groups", "letter", "log line", "other line", "message", "status", "verify"],
)
def test_what_commands_print_of_data_is_harmless(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(text)
    assert not STEERS.search(printed(capsys))


def test_refusals_and_news_are_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    tell(Refusal.invalid("no", EVIL, FieldError(EVIL, EVIL)))
    tell(ValueError(EVIL))
    for kind in ("step", "notice", "secret"):
        show(News(kind=kind, text=EVIL))
    text = printed(capsys)
    assert "pwned" in text
    assert not STEERS.search(text)


def test_a_value_cannot_make_lines_or_columns_of_its_own() -> None:
    line = shown_line(json.dumps({"event": "x", "key": "a\nforged line"}))
    assert "\n" not in line
    assert one_line("a\tb\nc") == "a\\tb\\nc"


def test_all_that_comes_from_data_is_printed_through_the_screen() -> None:
    around = [
        f"{file.name}: {line.strip()}"
        for file in FOLDER.rglob("*.py")
        if file.name != "screen.py" and file.stem not in WITHOUT_DATA
        for line in file.read_text().splitlines()
        if re.search(r"click\.(echo|secho|style|confirm|prompt)\(|\bprint\(", line)
    ]
    assert around == []
