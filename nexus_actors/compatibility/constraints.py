"""Limits on values of one JSON type: which of them became tighter, and whether a value keeps them."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from bus.schema import SHOWN, Schema
from nexus_actors.compatibility.words import NARROWED, Words

_UNBOUNDED: Final = float("inf")
_COUNTS: Final = (("minLength", "maxLength"), ("minItems", "maxItems"), ("minProperties", "maxProperties"))
# What is allowed with one of these cannot be compared with what another one allows.
_ALL_OR_NOTHING: Final = ("pattern", "format", "multipleOf", "uniqueItems")
_TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def tightened(old: Schema, new: Schema, said: Words = NARROWED) -> Iterator[str]:
    """The limits that are tighter in ``new`` than in ``old``, in words: those of a decoder, or of the rule in its place."""
    old, new = old | old.get(SHOWN, {}), new | new.get(SHOWN, {})
    if _lower(new) > _lower(old):
        yield said.lower.format(was=_shown(old, "Minimum"), now=_shown(new, "Minimum"))
    if _upper(new) < _upper(old):
        yield said.upper.format(was=_shown(old, "Maximum"), now=_shown(new, "Maximum"))
    for least, most in _COUNTS:
        if new.get(least, 0) > old.get(least, 0):
            yield said.least.format(name=least, was=old.get(least, 0), now=new[least])
        if new.get(most, _UNBOUNDED) < old.get(most, _UNBOUNDED):
            yield said.most.format(name=most, was=old.get(most, "none"), now=new[most])
    for name in _ALL_OR_NOTHING:
        if name in new and new[name] != old.get(name):
            yield said.other.format(name=name, was=old.get(name, "free"), now=new[name])
    if new.get("contentEncoding") != old.get("contentEncoding"):
        yield said.encoding


def takes(schema: Schema, value: Any) -> bool:  # noqa: ANN401 - whatever JSON can say
    """Whether a value is allowed, as far as it is a plain one. When in doubt, it is not."""
    if "const" in schema:
        return is_same(schema["const"], value)
    if "type" not in schema:
        return True
    if not _TYPES[schema["type"]](value) or "contentEncoding" in schema or "format" in schema:
        return False
    if isinstance(value, str):
        long_enough = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", _UNBOUNDED)
        return long_enough and re.search(schema.get("pattern", ""), value) is not None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _lower(schema) <= (value, 0) <= _upper(schema) and value % schema.get("multipleOf", 1) == 0
    return not isinstance(value, list | dict)


def is_same(one: Any, other: Any) -> bool:  # noqa: ANN401 - whatever JSON can say
    """Whether two JSON values are the same; true and 1 are not."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _lower(schema: Schema) -> tuple[float, int]:
    """The least value, and 1 where it is itself excluded."""
    step = 1 if schema.get("type") == "integer" else 0
    bounds = [(-_UNBOUNDED, 0), (schema.get("minimum", -_UNBOUNDED), 0)]
    if "exclusiveMinimum" in schema:
        bounds.append((schema["exclusiveMinimum"] + step, 1 - step))
    return max(bounds)


def _upper(schema: Schema) -> tuple[float, int]:
    """The greatest value, and -1 where it is itself excluded."""
    step = 1 if schema.get("type") == "integer" else 0
    bounds = [(_UNBOUNDED, 0), (schema.get("maximum", _UNBOUNDED), 0)]
    if "exclusiveMaximum" in schema:
        bounds.append((schema["exclusiveMaximum"] - step, step - 1))
    return min(bounds)


def _shown(schema: Schema, bound: str) -> str:
    """The bound as the schema gives it."""
    if f"exclusive{bound}" in schema:
        return f"{schema[f'exclusive{bound}']} (excluded)"
    return str(schema.get(bound.lower(), "none"))
