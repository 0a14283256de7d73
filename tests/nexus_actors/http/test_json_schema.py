from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.schema import subschemas
from nexus_actors.http.json_schema import Docstring, attribute_texts, describe_properties, parse_docstring

SOURCE_STYLE = """A thing
    of two lines.

    More of it.

    Attributes:
        size_m: how long it is,
            from end to end.
        note: may hold: colons.

    Raises:
        ValueError: it is too long.
    """
EXPECTED = Docstring(
    "A thing\nof two lines.\n\nMore of it.\n\nRaises:\n    ValueError: it is too long.",
    {"size_m": "how long it is, from end to end.", "note": "may hold: colons."},
)


def test_a_docstring_is_read_as_it_stands_in_the_source() -> None:
    assert parse_docstring(SOURCE_STYLE) == EXPECTED


def test_a_docstring_is_read_without_indents_as_python_3_13_keeps_it() -> None:
    first, *rest = SOURCE_STYLE.splitlines()
    assert parse_docstring("\n".join([first, *(line[4:] for line in rest)])) == EXPECTED


def test_the_summary_is_the_first_paragraph() -> None:
    assert EXPECTED.summary == "A thing of two lines."
    assert EXPECTED.details.startswith("More of it.")


@pytest.mark.parametrize("doc", [None, "", "   \n  "])
def test_no_docstring_says_nothing(doc: str | None) -> None:
    assert parse_docstring(doc) == Docstring("", {})
    assert parse_docstring(doc).summary == ""


@given(st.text())
def test_any_text_can_be_read(doc: str) -> None:
    parse_docstring(doc)


class Base:
    """A base.

    Attributes:
        a: of the base.
        b: of the base.
    """


class Derived(Base):
    """A derived one.

    Attributes:
        b: of the derived one.
    """


class Silent(Derived): ...


def test_a_class_says_what_its_bases_say_and_it_does_not() -> None:
    assert attribute_texts(Silent) == {"a": "of the base.", "b": "of the derived one."}
    assert attribute_texts(None) == {}


class Inner(msgspec.Struct):
    """The inner one.

    Attributes:
        name: what it is called.
    """

    name: str


class Outer(msgspec.Struct):
    """The outer one.

    Attributes:
        title: shown on top.
        inner: what it holds.
        ghost: is no field.
    """

    title: str
    description: str
    inner: Inner | None = None
    many: dict[str, tuple[int, Inner]] | None = None


@pytest.fixture
def schema() -> Any:
    return msgspec.json.schema(Outer)


def test_attributes_go_to_their_properties(schema: Any) -> None:
    describe_properties(schema)
    outer, inner = schema["$defs"]["Outer"], schema["$defs"]["Inner"]
    assert outer["description"] == "The outer one."
    assert outer["properties"]["title"]["description"] == "shown on top."
    assert outer["properties"]["inner"]["description"] == "what it holds."
    assert "ghost" not in outer["properties"]
    assert "description" not in outer["properties"]["description"], "a property of that name is no text"
    assert inner["description"] == "The inner one."
    assert inner["properties"]["name"]["description"] == "what it is called."


def test_what_a_field_says_of_itself_stays() -> None:
    schema = {"description": "A.\n\nAttributes:\n    a: of the class.", "properties": {"a": {"description": "of the field"}}}
    describe_properties(schema)
    assert schema == {"description": "A.", "properties": {"a": {"description": "of the field"}}}


def test_every_schema_inside_is_found(schema: Any) -> None:
    types = [part.get("type") for part in subschemas(schema)]
    assert types.count("string") == 3
    assert types.count("integer") == 1, "in a tuple in a mapping in a union"
    assert types.count("object") == 3
