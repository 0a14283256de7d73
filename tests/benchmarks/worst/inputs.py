"""The hardest inputs of a type: everything at its greatest, and each place in it at either end by turns."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from bus import Command, Refusal
from nexus_actors.http.json_schema import describe_properties
from nexus_actors.rules import check_of
from tests.contracts.extremes import Extremes, Schema

FILL_BYTES: Final = 900_000
"""How much stands where a document names no bound: a message of 1 MiB still has room for its envelope."""


class Input(Struct, frozen=True):
    """One input.

    Attributes:
        said: what is extreme about it.
        value: as JSON has it.
    """

    said: str
    value: Any


def inputs_of(kind: Any) -> Iterator[Input]:
    """Inputs that the decoder of a type takes; where its rules take one of several choices, that one."""
    [schema], definitions = msgspec.json.schema_components([kind])
    for part in (schema, *definitions.values()):
        describe_properties(part)
    extremes = Extremes(definitions, fill_bytes=FILL_BYTES)
    # Where several places have no bound, they share the room.
    size = len(msgspec.json.encode(extremes.greatest(schema)))
    shared = Extremes(definitions, fill_bytes=FILL_BYTES * FILL_BYTES // max(size, FILL_BYTES))
    yield from _usable(kind, "everything at its greatest", [shared.greatest(schema)])
    for extreme in extremes.of(schema):
        yield from _usable(kind, f"{extreme.path}, {extreme.said}", extreme.choices)


def path_of(kind: Any) -> dict[str, Any]:
    """Usual values of the parameters of a path."""
    [schema], definitions = msgspec.json.schema_components([kind])
    found: dict[str, Any] = Extremes(definitions).usual(_resolved(schema, definitions))
    return found


def _resolved(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    return definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _usable(kind: Any, said: str, choices: Sequence[Any]) -> Iterator[Input]:
    decoded = [(value, message) for value in choices if (message := _decoded(kind, value)) is not None]
    taken = [value for value, message in decoded if _is_taken(kind, message)]
    # What is refused takes time too.
    for value in (taken or [value for value, _ in decoded])[:1]:
        yield Input(said, value)


def _decoded(kind: Any, value: Any) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None


def _is_taken(kind: Any, message: Any) -> bool:
    check = check_of(kind) if isinstance(kind, type) and issubclass(kind, Command) else None
    try:
        if check is not None:
            check(message)
    except Refusal:
        return False
    return True
