"""How a dead letter is shown: decoded, bounded, and without secrets."""

from typing import Any

import msgspec
from msgspec import Struct

from nexus_actors.dead_letters import DeadLetter, OpenedLetter
from nexus_actors.telemetry.redacting import plain


class LetterContent(Struct, frozen=True, kw_only=True):
    """A dead letter with its content.

    Attributes:
        error: what went wrong, with the innermost frames of where; empty for one that waits behind another of its key.
        envelope: the CloudEvent with its data; null where the entry is none. What is named or looks like a secret is masked,
            and long texts and lists are cut.
        text: the entry as it came, as text, where it is no CloudEvent.
    """

    letter: DeadLetter
    error: str
    envelope: dict[str, Any] | None
    text: str | None


def content_of(opened: OpenedLetter) -> LetterContent:
    """What an operator may see of a dead letter. An operator is there to mend causes, not to learn secrets."""
    envelope = opened.envelope
    shown = None if envelope is None else plain(msgspec.json.decode(msgspec.json.encode(envelope), type=dict[str, Any]))
    return LetterContent(
        letter=opened.letter,
        error=opened.error,
        envelope=shown if isinstance(shown, dict) else None,
        text=str(plain(opened.body.decode(errors="replace"))) if envelope is None else None,
    )
