"""What was raised, as a log keeps it, in lines for people: the frames of the service, with their source."""

import linecache
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from nexus_actors.failures.own_frames import is_own


class _Frame(Struct):
    filename: str
    lineno: int
    name: str = ""


class _Raised(Struct):
    exc_type: str = ""
    exc_value: str = ""
    is_cause: bool = False
    frames: list[_Frame] = []


def raised(logged: object) -> list[str]:
    """The lines of an exception as structlog's ``ExceptionDictTransformer`` writes it; none where it is something else.

    The one that was raised last stands last, as in Python's own tracebacks.
    """
    try:
        found = msgspec.convert(logged, list[_Raised])
    except msgspec.ValidationError:
        return []
    return [line for one in reversed(found) for line in _lines(one)]


def _lines(one: _Raised) -> Iterator[str]:
    for frame in [frame for frame in one.frames if is_own(frame.filename)] or one.frames[-1:]:
        yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'
        if source := linecache.getline(frame.filename, frame.lineno).strip():
            yield f"    {source}"
    yield f"{one.exc_type}: {one.exc_value}"
