"""A line of a log, as people read it."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from nexus_actors.cli.terminal.raised import raised
from nexus_actors.cli.terminal.screen import Colour, one_line, styled

_COLOURS: Final[dict[str, Colour]] = {
    "debug": "bright_black",
    "info": "green",
    "warning": "yellow",
    "error": "red",
    "critical": "red",
}
_HEAD: Final = ("time", "level", "service", "event")
_MANY_LINES: Final = frozenset({"exception", "stack"})


def read_line(line: str) -> Mapping[str, Any] | None:
    """The event that a line of JSON describes; None where it is something else, such as a traceback of the interpreter."""
    if not line.startswith("{"):
        return None
    try:
        event = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.MsgspecError:
        return None
    return event if "event" in event else None


def belongs_to(line: str, service: str | None) -> bool:
    """Whether a line is of a service; every line is, where none is named."""
    event = read_line(line)
    return service is None or (event is not None and event.get("service") == service)


def shown(line: str) -> str:
    """A line for people; one that is no JSON as it is. What was raised follows in lines of its own."""
    event = read_line(line)
    if event is None:
        return line
    level = str(event.get("level", ""))
    below = raised(event.get("exception"))
    apart = (*_HEAD, "exception") if below else _HEAD
    time, service, what = (one_line(str(event.get(name, ""))) for name in ("time", "service", "event"))
    rest = " ".join(f"{one_line(name)}={_value(name, value)}" for name, value in event.items() if name not in apart)
    head = f"{time} {styled(f'{one_line(level):<8}', _COLOURS.get(level))} {service:<14} {what}  {rest}".rstrip()
    return "\n".join([head, *below])


def instant(line: str) -> str:
    """What a line is sorted by: its time, as text. A line without one stays with the one before it."""
    event = read_line(line)
    return "" if event is None else str(event.get("time", ""))


def _value(name: str, value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if name in _MANY_LINES else one_line(text)
