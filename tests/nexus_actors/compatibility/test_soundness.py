"""Where nothing is said to be lost, everything that was written can be read."""

from itertools import count
from types import GenericAlias
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta, defstruct

from tests.nexus_actors.compatibility.test_narrowing import narrowings
from tests.thorough import times

_numbers = count()
bounds = st.integers(-3, 3)
lengths = st.integers(0, 3)


@st.composite
def numbers(draw: st.DrawFn) -> Any:
    limits: dict[str, Any] = {}
    if draw(st.booleans()):
        limits[draw(st.sampled_from(["ge", "gt"]))] = draw(bounds)
    if draw(st.booleans()):
        limits[draw(st.sampled_from(["le", "lt"]))] = draw(bounds) + 8
    return Annotated[draw(st.sampled_from([int, float])), Meta(**limits)]


@st.composite
def sized(draw: st.DrawFn, kind: Any) -> Any:
    least = draw(lengths)
    return Annotated[kind, Meta(min_length=least, max_length=least + draw(lengths))]


texts = st.just(str).flatmap(sized) | st.sampled_from([str, UUID, Literal["a", "b"], Literal["a"], Literal["a", "b", "c"]])
plain = numbers() | texts | st.just(bool)


@st.composite
def records(draw: st.DrawFn, fields: st.SearchStrategy[Any]) -> Any:
    declared: list[Any] = []
    for name in draw(st.lists(st.sampled_from("xyz"), unique=True, max_size=3)):
        kind = draw(fields)
        declared.append((name, kind | None, None) if draw(st.booleans()) else (name, kind))
    # msgspec tells types of one name apart by their modules.
    return defstruct(
        "Record", declared, kw_only=True, tag=draw(st.sampled_from([None, "t"])), module=f"module_{next(_numbers)}"
    )


def holders(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        inner.map(lambda kind: GenericAlias(list, (kind,)))
        | inner.map(lambda kind: GenericAlias(dict, (str, kind)))
        | inner.map(lambda kind: kind | None)
        | st.tuples(inner, inner).map(lambda pair: GenericAlias(tuple, pair))
        | inner.flatmap(lambda kind: sized(GenericAlias(list, (kind,))))
        | records(inner)
    )


kinds = st.recursive(plain, holders, max_leaves=4)


def values(schema: Any, components: Any) -> Any:
    """JSON values that a schema takes."""
    if "$ref" in schema:
        return values(components[schema["$ref"].rpartition("/")[2]], components)
    if "anyOf" in schema:
        return st.one_of([values(member, components) for member in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _TYPED[schema["type"]](schema, components)


def _number(schema: Any, _: Any) -> st.SearchStrategy[Any]:
    low = schema.get("minimum", schema.get("exclusiveMinimum", -9))
    high = schema.get("maximum", schema.get("exclusiveMaximum", 15))
    outside = {schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")}
    found = st.integers(low, high) if schema["type"] == "integer" else st.floats(low, high, width=16)
    return found.filter(lambda value: value not in outside)


def _text(schema: Any, _: Any) -> st.SearchStrategy[Any]:
    if schema.get("format") == "uuid":
        return st.uuids().map(str)
    return st.text(min_size=schema.get("minLength", 0), max_size=schema.get("maxLength", 6))


def _list(schema: Any, components: Any) -> st.SearchStrategy[Any]:
    if "prefixItems" in schema:
        return st.tuples(*(values(item, components) for item in schema["prefixItems"]))
    return st.lists(values(schema["items"], components), min_size=schema.get("minItems", 0), max_size=schema.get("maxItems", 4))


def _mapping(schema: Any, components: Any) -> st.SearchStrategy[Any]:
    if "properties" not in schema:
        return st.dictionaries(st.text(max_size=2), values(schema["additionalProperties"], components), max_size=2)
    fields = {name: values(field, components) for name, field in schema["properties"].items()}
    needed = {name: fields.pop(name) for name in schema["required"]}
    return st.fixed_dictionaries(needed, optional=fields)


_TYPED: Any = {
    "null": lambda *_: st.none(),
    "boolean": lambda *_: st.booleans(),
    "integer": _number,
    "number": _number,
    "string": _text,
    "array": _list,
    "object": _mapping,
}


def writings(kind: Any) -> Any:
    (schema,), components = msgspec.json.schema_components([kind])
    return values(schema, components).map(msgspec.json.encode)


@given(kind=kinds, data=st.data())
def test_values_of_a_type_are_read_by_it(kind: Any, data: st.DataObject) -> None:
    msgspec.json.decode(data.draw(writings(kind)), type=kind)


@given(kind=kinds)
def test_a_type_loses_nothing_to_itself(kind: Any) -> None:
    assert narrowings(kind, kind) == []


@settings(max_examples=times(usual=100, thorough=1_000))
@given(old=kinds, new=kinds, data=st.data())
def test_where_nothing_is_lost_everything_old_is_read(old: Any, new: Any, data: st.DataObject) -> None:
    if not narrowings(old, new):
        msgspec.json.decode(data.draw(writings(old)), type=new)


@given(kind=kinds)
def test_null_beside_a_type_takes_nothing_away(kind: Any) -> None:
    assert narrowings(kind, kind | None) == []
