"""A page of all messages and routes, for people."""

from collections.abc import Iterable, Iterator, Sequence
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

from bus import Command, Event
from nexus_actors.documents.interface import Interface, messages_in
from nexus_actors.http.json_schema import parse_docstring
from nexus_actors.security import contract as security

_HEAD: Final = """\
# Messages and routes

What the services of Nexus COS take and give, release {version}. Made from their types by `./nexus docs`; not edited by hand.

- `<service>.asyncapi.json` (AsyncAPI 3.0): what a service sends and receives on the bus, in which streams, with the schemas.
- `<service>.openapi.json` (OpenAPI 3.1): its HTTP face.
- `./nexus docs --platform FOLDER` makes the same of all services in one document each; that of HTTP as PUABO OS passes requests
  on to them, below `/api/<service>/`.

A command without a scope is internal; the others can also be entered at PUABO OS by `POST /v1/commands/<type>`.
"""


def index_page(version: str, interfaces: Sequence[Interface]) -> str:
    """The page in Markdown.

    Args:
        version: version of the release.
        interfaces: the services, in the order in which they are shown.
    """
    followers = _followers(interfaces)
    parts = [_HEAD.format(version=version)]
    for interface in interfaces:
        parts.append("\n".join(_service(interface, followers)))
    return "\n".join(parts)


def _service(interface: Interface, followers: dict[type[Event], list[str]]) -> Iterator[str]:
    entry = interface.entry
    yield f"## {interface.name}\n"
    place = "Infrastructure" if entry.module is None else entry.module
    files = f"[AsyncAPI]({interface.name}.asyncapi.json), [OpenAPI]({interface.name}.openapi.json)"
    count = interface.topic.partitions
    partitions = "one partition" if count == 1 else f"{count} partitions"
    yield f"{entry.title}, {place}; port {entry.port}, {partitions}. {files}.\n"
    if interface.commands:
        yield from _table("command", ("key", "scope", "answer", "meaning"), (_command(kind) for kind in interface.commands))
    if interface.events:
        rows = (_event(kind, followers.get(kind, [])) for kind in interface.events)
        yield from _table("event", ("key", "followed by", "meaning"), rows)
    if interface.routes:
        rows = (
            (f"`{route.label}`", "public" if route.options.scope is None else f"`{route.options.scope}`", route.summary)
            for route in interface.routes
        )
        yield from _table("route", ("scope", "meaning"), rows)


def _command(kind: type[Command[Any]]) -> tuple[str, ...]:
    scope = "" if kind.scope is None else f"`{kind.scope}`"
    return _type(kind), f"`{kind.key_field}`", scope, _type_name(kind.reply_type()), _meaning(kind)


def _event(kind: type[Event], followers: list[str]) -> tuple[str, ...]:
    return _type(kind), f"`{kind.key_field}`", ", ".join(followers), _meaning(kind)


def _followers(interfaces: Iterable[Interface]) -> dict[type[Event], list[str]]:
    # The runtime keeps the trust of every process up to date, whatever its services handle.
    found = {kind: ["every process"] for kind in messages_in(security) if issubclass(kind, Event)}
    for interface in interfaces:
        for kind in interface.followed:
            found.setdefault(kind, []).append(interface.name)
    return found


def _type(kind: type[Command[Any] | Event]) -> str:
    return f"`{kind.wire_type()}`"


def _type_name(kind: Any) -> str:  # noqa: ANN401 - a type or generic alias
    if kind in {None, type(None)}:
        return ""
    if get_origin(kind) in {Union, UnionType}:
        return " or ".join(_type_name(part) or "nothing" for part in get_args(kind))
    return f"`{kind.__name__}`" if isinstance(kind, type) else f"`{kind}`"


def _meaning(kind: type[Command[Any] | Event]) -> str:
    return parse_docstring(kind.__doc__).summary


def _table(first: str, others: Sequence[str], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {first} | {' | '.join(others)} |"
    yield "|---" * (1 + len(others)) + "|"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"
    yield ""
