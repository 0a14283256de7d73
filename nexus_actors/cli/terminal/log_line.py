"""A line of a log, as people read it."""

from collections.abc import Mapping
from typing import Any, Final

import click
import msgspec

from nexus_actors.cli.terminal.raised import raised

_COLOURS: Final = {"debug": "bright_black", "info": "green", "warning": "yellow", "error": "red", "critical": "red"}
_HEAD: Final = ("time", "level", "service", "event")


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
    head = f"{event.get('time', '')} {click.style(f'{level:<8}', fg=_COLOURS.get(level))}"
    below = raised(event.get("exception"))
    apart = (*_HEAD, "exception") if below else _HEAD
    rest = " ".join(f"{name}={_value(value)}" for name, value in event.items() if name not in apart)
    return "\n".join([f"{head} {event.get('service', ''):<14} {event['event']}  {rest}".rstrip(), *below])


def instant(line: str) -> str:
    """What a line is sorted by: its time, as text. A line without one stays with the one before it."""
    event = read_line(line)
    return "" if event is None else str(event.get("time", ""))


def _value(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
