"""What a document promises is taken: the smallest and the largest at every field, by decoder and rule."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from bus import Command, Refusal
from bus.schema import SHOWN
from nexus_actors.documents.interface import interfaces_of
from nexus_actors.http.json_schema import describe_properties
from nexus_actors.platform.loading import load_catalogue
from nexus_actors.rules import check_of
from tests.contracts.extremes import Extreme, Extremes

FILL = ("A", "1", "a")


def ruled(info: inspect.Type, path: str) -> Iterator[tuple[str, inspect.Metadata]]:
    """Every text with a rule in a type, with its path."""
    if isinstance(info, inspect.Metadata) and SHOWN in (info.extra_json_schema or {}):
        yield path, info
    for name in ("type", "item_type"):
        inner = getattr(info, name, None)
        if isinstance(inner, inspect.Type):
            yield from ruled(inner, path)
    for inner in getattr(info, "types", ()):
        yield from ruled(inner, path)
    for field in getattr(info, "fields", ()):
        yield from ruled(field.type, f"{path}.{field.name}")


INTERFACES = interfaces_of(load_catalogue())
COMMANDS: list[type[Command[Any]]] = [kind for interface in INTERFACES for kind in interface.commands]
BODIES = [
    (f"{interface.name} {route.label}", route.body_type)
    for interface in INTERFACES
    for route in interface.routes
    if isinstance(route.body_type, type) and issubclass(route.body_type, msgspec.Struct)
]
RULED = [found for kind in COMMANDS for found in ruled(inspect.type_info(kind), kind.__name__)]


@pytest.mark.parametrize(("path", "info"), RULED, ids=[path for path, _ in RULED])
def test_the_shortest_and_the_longest_are_taken(path: str, info: inspect.Metadata) -> None:
    schema: dict[str, Any] = info.extra_json_schema or {}
    rule = (info.extra or {})["rule"]
    shown, examples = schema[SHOWN], schema.get("examples", [])
    for length in (shown["minLength"], shown["maxLength"]):
        taken = [text for text in (*examples, *(letter * length for letter in FILL)) if length in lengths(rule, text)]
        assert taken, f"{path}: give an example of {length} characters, or another bound: none is taken."
    for text in examples:
        assert rule(rule(text)) == rule(text)


def lengths(rule: Any, text: str) -> set[int]:
    try:
        return {len(rule(text))}
    except ValueError:
        return set()


def extremes_of(kind: Any) -> list[Extreme]:
    """The extremes of a type, by the schema that documents show of it."""
    [schema], definitions = msgspec.json.schema_components([kind])
    for part in (schema, *definitions.values()):
        describe_properties(part)
    return list(Extremes(definitions).of(schema))


def refusal_of(kind: Any, value: Any, path: str) -> str | None:
    """Why a value is not taken for the sake of one field of it; what is wrong between fields is another matter."""
    try:
        message = msgspec.json.decode(msgspec.json.encode(value), type=kind)
    except msgspec.ValidationError as error:
        return str(error)
    check = check_of(kind) if issubclass(kind, Command) else None
    try:
        if check is not None:
            check(message)
    except Refusal as refusal:
        own = type(message).faults is not Command.faults and {error.field for error in message.faults()}
        return next((e.reason for e in refusal.errors if e.field == path and not (own and path in own)), None)
    return None


def faults_of(kind: Any) -> Iterator[str]:
    """Which extremes of a type are not taken."""
    for extreme in extremes_of(kind):
        refusals = [refusal_of(kind, value, extreme.path) for value in extreme.choices]
        if all(refusals):
            yield f"{extreme.path}, {extreme.said}: {refusals[-1] if refusals else 'give an example'}"


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
def test_the_smallest_and_the_largest_of_a_command_are_taken(kind: type[Command[Any]]) -> None:
    assert not list(faults_of(kind))


@pytest.mark.parametrize(("label", "kind"), BODIES, ids=[label for label, _ in BODIES])
def test_the_smallest_and_the_largest_of_a_body_are_taken(label: str, kind: type[msgspec.Struct]) -> None:
    assert not list(faults_of(kind)), label
