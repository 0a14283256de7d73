"""The smallest and the largest of what a JSON Schema allows, at each place in it by turns."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

Schema = dict[str, Any]

FILL: Final = ("A", "1", "a")
FORMATS: Final = {
    "uuid": ("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    "date-time": ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
    "date": ("0001-01-01", "9999-12-31"),
    "byte": ("", "/w=="),
}
_DEPTH: Final = 6


class Extreme(NamedTuple):
    """One end of what is allowed at one place.

    Attributes:
        path: the place, as refusals name it.
        said: which end it is.
        choices: values that are that end. Where a rule looks at more than the length of a text, it takes some of them.
    """

    path: str
    said: str
    choices: tuple[Any, ...]


class Extremes:
    """The extremes of a schema.

    Args:
        definitions: what its references lead to, by name.
        fill_bytes: how much stands in a list or text without a bound; None leaves these out.
    """

    def __init__(self, definitions: dict[str, Schema], fill_bytes: int | None = None) -> None:
        self._definitions = definitions
        self._fill_bytes = fill_bytes

    def usual(self, schema: Schema) -> Any:
        """A value that it allows, for places that are not looked at now."""
        schema = self._resolved(schema)
        if schema.get("examples"):
            return schema["examples"][0]
        if schema.get("type") == "object" and "properties" in schema:
            return {name: self.usual(schema["properties"][name]) for name in schema.get("required", ())}
        return next((value for extreme in self.of(schema, "$", _DEPTH - 1) for value in extreme.choices), None)

    def greatest(self, schema: Schema, depth: int = 0) -> Any:
        """A value that is as large as can be in all of its places at once."""
        schema = self._resolved(schema)
        if options := schema.get("anyOf"):
            return max((self.greatest(option, depth) for option in options), key=_length)
        kind = schema.get("type")
        if depth < _DEPTH and kind == "object":
            return {name: self.greatest(part, depth + 1) for name, part in schema.get("properties", {}).items()}
        if depth < _DEPTH and kind == "array":
            first: list[Schema] = schema.get("prefixItems", [])
            shown = [self.greatest(part, depth + 1) for part in first]
            items = self.greatest(schema.get("items") or {}, depth + 1)
            return shown + [items] * ((self._most(schema, items) or len(shown)) - len(shown))
        values = [value for extreme in self.of(schema, "$", _DEPTH) for value in extreme.choices]
        return max(values, key=_length, default=None)

    def _most(self, schema: Schema, item: Any) -> int | None:
        """How many items a list may have."""
        if "maxItems" in schema or self._fill_bytes is None or "prefixItems" in schema:
            return schema.get("maxItems")
        return max(1, self._fill_bytes // (_length(item) + 1))

    def of(self, schema: Schema, path: str = "$", depth: int = 0) -> Iterator[Extreme]:
        """Its extremes; ``path`` is where it stands."""
        schema = self._resolved(schema)
        if "anyOf" in schema:
            for option in schema["anyOf"]:
                yield from self.of(option, path, depth)
        elif "enum" in schema or "const" in schema:
            for value in schema.get("enum", [schema.get("const")]):
                yield Extreme(path, f"the literal {value!r}", (value,))
        elif (kind := schema.get("type")) in {"integer", "number"}:
            yield from _numbers(schema, path)
        elif kind == "string":
            yield from _texts(schema, path, self._fill_bytes)
        elif kind == "array":
            yield from self._lists(schema, path, depth)
        elif kind == "object":
            yield from self._objects(schema, path, depth)
        else:
            values: tuple[Any, ...] = {"boolean": (False, True), "null": (None,)}.get(str(kind), ({}, "x"))
            yield from (Extreme(path, repr(value), (value,)) for value in values)

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._definitions[schema["$ref"].rpartition("/")[2]]
        return schema

    def _lists(self, schema: Schema, path: str, depth: int) -> Iterator[Extreme]:
        first: list[Schema] = schema.get("prefixItems", [])
        items = schema.get("items") or {}
        least, most = max(schema.get("minItems", 0), len(first)), self._most(schema, self.usual(items))
        shown = [self.usual(items) if number >= len(first) else self.usual(first[number]) for number in range(max(1, least))]
        yield Extreme(path, f"{least} items", (shown[:least],))
        if most is not None and most > least:
            yield Extreme(path, f"{most} items", (shown[:least] + [self.usual(items)] * (most - least),))
        if depth < _DEPTH and most != 0:
            for number, part in enumerate(first or [items]):
                for extreme in self.of(part, f"{path}[{number}]", depth + 1):
                    rest = shown[number + 1 :]
                    yield extreme._replace(choices=tuple([*shown[:number], value, *rest] for value in extreme.choices))

    def _objects(self, schema: Schema, path: str, depth: int) -> Iterator[Extreme]:
        properties: dict[str, Schema] = schema.get("properties", {})
        usual = {name: self.usual(properties[name]) for name in schema.get("required", ())}
        yield Extreme(path, "what must be there", (usual,))
        if depth >= _DEPTH:
            return
        for name, part in properties.items():
            for extreme in self.of(part, f"{path}.{name}", depth + 1):
                yield extreme._replace(choices=tuple(usual | {name: value} for value in extreme.choices))
        if isinstance(values := schema.get("additionalProperties"), dict):
            for extreme in self.of(values, f"{path}[x]", depth + 1):
                yield extreme._replace(choices=tuple(usual | {"x": value} for value in extreme.choices))


def _numbers(schema: Schema, path: str) -> Iterator[Extreme]:
    whole = schema["type"] == "integer"
    ends: list[float | None] = [
        schema.get("minimum"),
        schema.get("maximum"),
        _beyond(schema.get("exclusiveMinimum"), math.inf, whole=whole),
        _beyond(schema.get("exclusiveMaximum"), -math.inf, whole=whole),
    ]
    for end in sorted({end for end in ends if end is not None}) or [0]:
        value = int(end) if whole else float(end)
        yield Extreme(path, str(value), (value,))


def _beyond(end: float | None, towards: float, *, whole: bool) -> float | None:
    if end is None:
        return None
    return end + math.copysign(1, towards) if whole else math.nextafter(end, towards)


def _length(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":")))


def _texts(schema: Schema, path: str, fill_bytes: int | None) -> Iterator[Extreme]:
    if "format" in schema:
        yield from (Extreme(path, value, (value,)) for value in FORMATS[schema["format"]])
        return
    examples = [text for text in schema.get("examples", ()) if isinstance(text, str)]
    least, pattern = schema.get("minLength", 0), schema.get("pattern", "")
    unbound = least if fill_bytes is None or pattern else fill_bytes
    for length in sorted({least, schema.get("maxLength", unbound)}):
        # Where a pattern says more, it says how long a text is by a number of its own.
        lengths = (length, 1, *map(int, re.findall(r"[0-9]+(?=\})", pattern))) if pattern else (length,)
        choices = (*(letter * each for each in lengths for letter in FILL), *examples)
        yield Extreme(path, f"{length} characters", tuple(text for text in choices if re.search(pattern, text)))
