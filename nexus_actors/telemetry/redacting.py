"""Values on their way into a log line: plain, bounded, and without secrets."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct
from structlog.typing import EventDict, WrappedLogger

from bus.text import error_text, storable
from nexus_actors.failures.redaction import names_secret, redact_text
from nexus_actors.settings.secret import MASK, Secret

MAX_TEXT: Final = 8_192
MAX_ITEMS: Final = 100
# More than is shown, so that no secret is cut in two before it is seen.
_LOOKED_AT: Final = 8 * MAX_TEXT
_MAX_DEPTH: Final = 8

_names_secret: Final = lru_cache(maxsize=1_024)(names_secret)


def redact_event(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A structlog processor: every value becomes text, number, list or mapping, and secrets become ``***``.

    A value is secret by its field's name (``password``, ``refresh_token``) or by its looks (a bearer token, a URL's password).
    """
    return {name: MASK if _names_secret(name) else plain(value) for name, value in event.items()}


def plain(value: object, depth: int = 0) -> object:
    """The value as what JSON knows. Long texts and lists are cut, and marked where they are."""
    if value is None or (isinstance(value, bool | int | float) and not isinstance(value, Enum)):
        return value
    if isinstance(value, str):
        return _text(value)
    if depth > _MAX_DEPTH:
        return "..."
    if isinstance(value, Struct):
        value = msgspec.structs.asdict(value)
    if isinstance(value, Mapping):
        return _mapping(value, depth)
    if isinstance(value, list | tuple | set | frozenset):
        items = [plain(item, depth + 1) for item, _ in zip(value, range(MAX_ITEMS), strict=False)]
        return items if len(value) <= MAX_ITEMS else [*items, f"... and {len(value) - MAX_ITEMS} more"]
    return _scalar(value)


def _mapping(value: Mapping[object, object], depth: int) -> dict[str, object]:
    names = [(name if isinstance(name, str) else repr(name), item) for name, item in value.items()]
    return {name: MASK if _names_secret(name) else plain(item, depth + 1) for name, item in names[:MAX_ITEMS]}


def _scalar(value: object) -> str:
    match value:
        case Secret():
            return MASK
        case bytes() | bytearray() | memoryview():
            return f"<{len(value)} bytes>"
        case datetime() | date():
            return value.isoformat()
        case UUID():
            return str(value)
        case Enum():
            return _text(str(value.value))
        case BaseException():
            return _text(f"{type(value).__name__}: {error_text(value, MAX_TEXT)}")
        case _:
            return _text(_repr(value))


def _text(value: str) -> str:
    text = redact_text(value[:_LOOKED_AT])
    shown = storable(text[:MAX_TEXT], MAX_TEXT)
    return shown if len(text) <= MAX_TEXT else f"{shown}... ({len(value)} characters)"


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as fault:  # noqa: BLE001 - a line of the log is no reason for its caller to fail
        return f"<{type(value).__name__}, whose repr raises {type(fault).__name__}>"
