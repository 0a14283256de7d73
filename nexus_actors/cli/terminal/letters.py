"""Dead letters as people read them."""

from collections.abc import Sequence
from typing import Final

import msgspec

from nexus_actors.cli.terminal.screen import one_line
from nexus_actors.cli.terminal.table import table
from nexus_actors.operations.dead_letters import DeadLetter, LetterGroup, OpenedLetter, Trait
from nexus_actors.operations.letter_content import LetterContent, content_of

_CAUSE_CHARS: Final = 60
_TIME: Final = "%Y-%m-%d %H:%M:%S"


def letters_table(letters: Sequence[DeadLetter]) -> str:
    """A line for each."""
    head = ["NUMBER", "SERVICE", "TENANT", "KEY", "ID", "TYPE", "STATE", "TRIES", "PARKED", "CAUSE"]
    return table(head, [_row(letter) for letter in letters], right=[0, 7])


def groups_table(groups: Sequence[LetterGroup], by: Sequence[Trait]) -> str:
    """A line for each group: what its letters have in common, how many they are, of how many keys, and since when."""
    head = [*(trait.upper() for trait in by), "LETTERS", "KEYS", "OLDEST", "NEWEST"]
    rows = [[*(_trait(group, trait) for trait in by), *_counts(group)] for group in groups]
    return table(head, rows, right=[len(by), len(by) + 1])


def described(opened: OpenedLetter, *, raw: bool) -> str:
    """A dead letter as text: what is known of it, its content, and what went wrong.

    Args:
        raw: all of the content, with what is else masked or cut.
    """
    content = content_of(opened)
    letter = opened.letter if raw else content.letter
    lines = [f"{name:<11} {one_line(str(value))}" for name, value in msgspec.to_builtins(letter).items()]
    error = (opened.error if raw else content.error) or "It did not fail itself: it waits behind another one of its key."
    return "\n".join([*lines, "", _raw(opened) if raw else _shown(content), "", error])


def _row(letter: DeadLetter) -> list[str]:
    return [
        str(letter.number),
        letter.service,
        letter.tenant or "-",
        letter.key or "-",
        str(letter.message_id),
        letter.type.removeprefix("nexus."),
        _state(letter),
        str(letter.attempts),
        f"{letter.parked_at:{_TIME}}",
        _cut(letter.cause),
    ]


def _state(letter: DeadLetter) -> str:
    if letter.released:
        return "redriven"
    return "waiting" if letter.behind else "failed"


def _trait(group: LetterGroup, trait: Trait) -> str:
    text: str = getattr(group, trait)
    return _cut(text.removeprefix("nexus.") if trait == "type" else text) or "-"


def _counts(group: LetterGroup) -> list[str]:
    instants = [f"{at:{_TIME}}" if at is not None else "-" for at in (group.first_parked_at, group.last_parked_at)]
    return [str(group.letters), str(group.keys), *instants]


def _cut(text: str) -> str:
    return text if len(text) <= _CAUSE_CHARS else text[: _CAUSE_CHARS - 3] + "..."


def _raw(opened: OpenedLetter) -> str:
    body = opened.body if opened.envelope is None else msgspec.json.format(msgspec.json.encode(opened.envelope))
    return body.decode(errors="replace")


def _shown(content: LetterContent) -> str:
    if content.envelope is None:
        return content.text or ""
    return msgspec.json.format(msgspec.json.encode(content.envelope)).decode()
