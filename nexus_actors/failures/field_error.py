"""Which field of a document is wrong, and why, as msgspec tells it."""

import re
from typing import Final

from bus import FieldError

_MESSAGE: Final = re.compile(r"(?P<reason>.*?)(?: - at (?P<key>`key` in )?`(?P<path>[^`]*)`)?", re.DOTALL)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>.*)`", re.DOTALL)
_MAX_SHOWN: Final = 200


def field_error(message: str, root: str = "$") -> FieldError:
    """The field and the reason that a message of msgspec names.

    Args:
        message: such as "Expected `float`, got `str` - at `$.items[3].lat`".
        root: what stands for ``$`` in the answer.
    """
    match = _MESSAGE.fullmatch(message)
    reason, path = (match["reason"], match["path"]) if match else (message, None)
    field = root + (path or "$").removeprefix("$")
    if unknown := _UNKNOWN.fullmatch(reason):
        return FieldError(f"{field}.{shortened(unknown['name'])}", "There is no such field.")
    if missing := _MISSING.fullmatch(reason):
        return FieldError(f"{field}.{missing['name']}", "This field is required.")
    return FieldError(field, shortened(reason))


def shortened(text: str) -> str:
    """As much of a text from outside as an answer repeats."""
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."
