"""How a dead letter is shown: decoded, bounded, without secrets and without what identifies people."""

from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from nexus_actors.failures.redaction import names_person, redact_people
from nexus_actors.operations.dead_letters import DeadLetter, OpenedLetter
from nexus_actors.settings.secret import MASK
from nexus_actors.telemetry.redacting import plain


class LetterContent(Struct, frozen=True, kw_only=True):
    """A dead letter with its content.

    Attributes:
        error: what went wrong, with the innermost frames of where; empty for one that waits behind another of its key.
        envelope: the CloudEvent with its data; null where the entry is none. What is named or looks like a secret, an e-mail
            address, a telephone or licence number is masked, and long texts and lists are cut.
        text: the entry as it came, as text, where it is no CloudEvent.
    """

    letter: DeadLetter
    error: str
    envelope: dict[str, Any] | None
    text: str | None


def content_of(opened: OpenedLetter) -> LetterContent:
    """What an operator may see of a dead letter. An operator is there to mend causes, not to learn secrets."""
    envelope = opened.envelope
    shown = None if envelope is None else masked(msgspec.json.decode(msgspec.json.encode(envelope), type=dict[str, Any]))
    return LetterContent(
        letter=replace(opened.letter, cause=redact_people(opened.letter.cause)),
        error=redact_people(opened.error),
        envelope=shown if isinstance(shown, dict) else None,
        text=str(masked(opened.body.decode(errors="replace"))) if envelope is None else None,
    )


def masked(value: object) -> object:
    """A value without secrets, by name or by looks, and without what identifies people; long texts and lists are cut."""
    return _without_people(plain(value))


def _without_people(value: object) -> object:
    if isinstance(value, str):
        return redact_people(value)
    if isinstance(value, list):
        return [_without_people(item) for item in value]
    if isinstance(value, dict):
        return {
            name: MASK if names_person(name) and item is not None else _without_people(item) for name, item in value.items()
        }
    return value
