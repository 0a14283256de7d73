"""What a schema says, without the words for people, and a short mark of it that writers leave on what they write."""

import hashlib
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import msgspec

Schema = dict[str, Any]

WORDS: Final = ("title", "description", "examples", "discriminator")
"""What is for people, and for tools that make code: it may change."""
SHOWN: Final = "x-shown"
"""Bounds that a document shows in place of those that decoders keep: a rule keeps them, before a handler runs."""
MARK_LENGTH: Final = 8

# Where a schema holds others (JSON Schema 2020-12, section 10); those that msgspec writes.
_ONE: Final = ("items", "additionalProperties", "propertyNames")
_LIST: Final = ("allOf", "anyOf", "prefixItems")
_MAP: Final = ("properties", "$defs")
_encoder = msgspec.json.Encoder(order="sorted")


def subschemas(schema: Schema) -> Iterator[Schema]:
    """The schema and all in it, outer ones first. References are not followed."""
    yield schema
    inner = [schema.get(name) for name in _ONE]
    inner += [part for name in _LIST for part in schema.get(name, ())]
    inner += [part for name in _MAP for part in schema.get(name, {}).values()]
    for part in inner:
        if isinstance(part, dict):
            yield from subschemas(part)


def without_words(schema: Schema) -> Schema:
    """The schema without the words for people; in place."""
    for part in list(subschemas(schema)):
        for word in WORDS:
            part.pop(word, None)
    return schema


@cache
def schema_mark(kind: Any) -> str:  # noqa: ANN401 - a type
    """Tells the schema of a type from that of another release: eight hexadecimal digits, the same in every process.

    It is made once for a type. Two releases whose types take the same JSON have the same mark; words for people do not count,
    nor do the bounds of rules.
    """
    schema = without_words(msgspec.json.schema(kind))
    for part in subschemas(schema):
        part.pop(SHOWN, None)
    return hashlib.sha256(_encoder.encode(schema)).hexdigest()[:MARK_LENGTH]
