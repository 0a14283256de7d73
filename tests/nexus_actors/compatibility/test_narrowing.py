"""What a newer type no longer takes. The types are those of msgspec, as contracts declare them."""

from collections.abc import Mapping
from datetime import datetime
from itertools import count
from types import GenericAlias
from typing import Annotated, Any, Literal, Optional
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta, Struct, UnsetType, defstruct

from nexus_actors.compatibility.narrowing import Comparison
from nexus_actors.rules import rule


def narrowings(old: Any, new: Any) -> list[str]:
    """By way of JSON, as the snapshot stores them."""
    schemas, components = [], []
    for kind in (old, new):
        (schema,), parts = msgspec.json.schema_components([kind])
        schemas.append(msgspec.json.decode(msgspec.json.encode(schema)))
        components.append(msgspec.json.decode(msgspec.json.encode(parts)))
    return Comparison(*components).narrowings(*schemas)


_numbers = count()


def record(name: str = "Record", /, **fields: Any) -> Any:
    """A Struct with these fields; a pair is a type and its default."""
    declared = [(field, *kind) if isinstance(kind, tuple) else (field, kind) for field, kind in fields.items()]
    # msgspec tells types of one name apart by their modules.
    return defstruct(name, declared, kw_only=True, module=f"module_{next(_numbers)}")


def many(kind: Any) -> Any:
    """A list of a type that no type checker knows."""
    return GenericAlias(list, (kind,))


SIZE = Annotated[int, Meta(ge=1, le=9)]
WORD = Annotated[str, Meta(min_length=2, max_length=5, pattern="^a")]
MANY = Annotated[list[int], Meta(min_length=1, max_length=3)]
Circle = defstruct("Circle", [("radius_m", int)], tag="circle")
WideCircle = defstruct("Circle", [("radius_m", float)], tag="circle")
Square = defstruct("Square", [("side_m", int)], tag="square")
Disc = defstruct("Disc", [("radius_m", int)], tag="disc")


class Tree(Struct):
    name: str
    under: Optional["Tree"] = None


class TallTree(Struct):
    name: str
    under: Optional["TallTree"] = None
    height_m: int | None = None


class Grown(Struct):
    name: int
    under: Optional["Grown"] = None


class Line(Struct, array_like=True):
    a: int
    b: int = 0


class LongerLine(Struct, array_like=True):
    a: int
    b: int = 0
    c: int = 0


class StricterLine(Struct, array_like=True):
    a: int
    b: int
    c: int


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (int, float),
        (SIZE, int),
        (SIZE, Annotated[int, Meta(gt=0, lt=10)]),
        (SIZE, Annotated[float, Meta(ge=0.5, le=9)]),
        (WORD, str),
        (WORD, Annotated[str, Meta(min_length=1, max_length=5, pattern="^a")]),
        (MANY, list[int]),
        (MANY, tuple[float, ...]),
        (str, str | None),
        (str, str | int),
        (UUID, str),
        (int, Any),
        (Literal["a", "b"], Literal["a", "b", "c"]),
        (Literal["a", "b"], str),
        (Literal["a", "b"], Any),
        (Literal["a", None], str | None),
        (Literal["ab", "abc"], WORD),
        (Literal[1, 2], SIZE),
        (Literal[1, 2], Literal[2, 1, None]),
        (Circle, Circle | Square),
        (Circle, WideCircle | Square),
        (Circle | None, Square | Circle | None),
        (tuple[int, str], tuple[float, str | None]),
        (tuple[int, int], list[int]),
        (dict[str, int], dict[str, float | None]),
        (Annotated[dict[WORD, int], Meta(max_length=3)], dict[str, int]),
        (Tree, TallTree),
        (Line, LongerLine),
        (record(a=int), record(a=int, b=(int, 5))),
        (record(a=int), record(a=(int, 5))),
        (record(a=(int, 5)), record(a=(float, 5))),
        (record(a=int | UnsetType), record(a=int | None | UnsetType)),
        (record(a=int, b=str), record("Renamed", b=str, a=int)),
    ],
)
def test_what_takes_more_is_no_break(old: Any, new: Any) -> None:
    assert narrowings(old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (float, int, "no longer takes every number"),
        (int, str, "no longer takes every integer"),
        (bool, int, "no longer takes true and false"),
        (str | None, str, "no longer takes null"),
        (int | str, int, "no longer takes every string"),
        (str, UUID, "format was free, is uuid"),
        (str, bytes, "bytes and text are told apart by the type alone, and it changed"),
        (bytes, str, "bytes and text are told apart by the type alone, and it changed"),
        (datetime, Annotated[datetime, Meta(tz=True)], "format was free, is date-time"),
        (Any, int, "no longer takes every value"),
        (int, SIZE, "the lower limit rose from none to 1"),
        (SIZE, Annotated[int, Meta(ge=1, lt=9)], "the upper limit fell from 9 to 9 (excluded)"),
        (Annotated[float, Meta(ge=0)], Annotated[float, Meta(gt=0)], "the lower limit rose from 0 to 0 (excluded)"),
        (Annotated[float, Meta(le=5)], Annotated[float, Meta(le=4)], "the upper limit fell from 5 to 4"),
        (int, Annotated[int, Meta(multiple_of=5)], "multipleOf was free, is 5"),
        (str, Annotated[str, Meta(max_length=5)], "maxLength fell from none to 5"),
        (WORD, Annotated[str, Meta(min_length=3, max_length=5, pattern="^a")], "minLength rose from 2 to 3"),
        (WORD, Annotated[str, Meta(pattern="^b")], "pattern was ^a, is ^b"),
        (list[int], MANY, "minItems rose from 0 to 1"),
        (list[int], set[int], "uniqueItems was free, is True"),
        (list[int | None], list[int], "[]: no longer takes null"),
        (tuple[int, str], tuple[int, int], "[1]: no longer takes every string"),
        (tuple[int, int], tuple[int], "maxItems fell from 2 to 1"),
        (list[int], tuple[int, int], "minItems rose from 0 to 2"),
        (Literal["a", "b"], Literal["a"], "no longer takes 'b'"),
        (Literal["a", "b"], Literal["a", "c"], "no longer takes 'b'"),
        (Literal[1], Literal["1"], "no longer takes 1"),
        (Literal[1, 20], SIZE, "no longer takes 20"),
        (Literal["b"], WORD, "no longer takes 'b'"),
        (str, Literal["a", "b"], "no longer takes every string"),
        (Circle, Square, "radius_m: is gone, or has another name"),
        (Circle, Disc, "type: no longer takes 'circle'"),
        (Circle | Square, Square | Disc, "type: no longer takes 'circle'"),
        (dict[str, float], dict[str, int], "{}: no longer takes every number"),
        (dict[str, int], dict[WORD, int], "minLength rose from 0 to 2 (of the names)"),
        (dict[str, int], Annotated[dict[str, int], Meta(max_length=2)], "maxProperties fell from none to 2"),
        (dict[str, int], record(a=(int, 1)), "was a record or a mapping, and is the other one now"),
        (Tree, Grown, "name: no longer takes every string"),
        (Line, StricterLine, "minItems rose from 1 to 3"),
        (LongerLine, Line, "[2]: is gone"),
        (record(a=int), record(), "a: is gone, or has another name"),
        (record(a=int), record(a=int, b=int), "b: is new and cannot be left out"),
        (record(a=(int, 1)), record(a=int), "a: can no longer be left out"),
        (record(a=(int, 1)), record(a=(int, 2)), "a: means 2 where it is left out, and meant 1"),
        (record(a=(bool, True)), record(a=(int | bool, 1)), "a: means 1 where it is left out, and meant True"),
        (record(a=(int | None, None)), record(a=int | None | UnsetType), "a: can no longer be left out"),
        (record(a=many(record(b=int))), record(a=many(record(b=str))), "a[].b: no longer takes every integer"),
        (record(a=int), defstruct("Record", [("a", int)], forbid_unknown_fields=True), "refuses fields that it does not know"),
    ],
)  # fmt: skip
def test_what_takes_less_is_told(old: Any, new: Any, words: str) -> None:
    assert words in narrowings(old, new)


def test_every_loss_is_told_once() -> None:
    old = record(a=int, b=str, c=many(record("Item", d=int)), e=record("Item", d=int))
    new = record(b=int, c=many(record("Item", d=str)), e=record("Item", d=str))
    assert narrowings(old, new) == [
        "a: is gone, or has another name",
        "b: no longer takes every string",
        "c[].d: no longer takes every integer",
        "e.d: no longer takes every integer",
    ]


def test_a_type_that_holds_itself_is_compared_to_the_end() -> None:
    assert narrowings(Tree, Tree) == []
    assert narrowings(TallTree, Tree) == ["height_m: is gone, or has another name"]


def test_references_are_followed_on_both_sides() -> None:
    old: Mapping[str, Any] = {"A": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": []}}
    new: Mapping[str, Any] = {
        "B": {"type": "object", "properties": {"x": {"$ref": "#/$defs/C"}}, "required": []},
        "C": {"type": "string"},
    }
    found = Comparison(old, new).narrowings({"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}, "data")
    assert found == ["data.x: no longer takes every integer"]


def test_a_rule_that_becomes_tighter_is_seen() -> None:
    def ruled(most: int, least: int = 1) -> Any:
        return record(plate=Annotated[str, rule(str.upper, min_length=least, max_length=most)])

    assert narrowings(ruled(15), ruled(16)) == narrowings(ruled(15), ruled(15)) == []
    assert narrowings(ruled(15), ruled(14)) == ["plate: maxLength fell from 15 to 14"]
    assert narrowings(ruled(15), ruled(15, 2)) == ["plate: minLength rose from 1 to 2"]
