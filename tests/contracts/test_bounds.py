"""What a document promises of a text is taken: its shortest and its longest, at every field that has a rule."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import inspect

from bus import Command
from bus.schema import SHOWN
from nexus_actors.documents.interface import interfaces_of
from nexus_actors.loading import load_catalogue

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


COMMANDS: list[type[Command[Any]]] = [kind for interface in interfaces_of(load_catalogue()) for kind in interface.commands]
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
