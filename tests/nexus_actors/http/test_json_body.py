"""Properties of the strict JSON reader."""

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nexus_actors.failures.field_error import field_error
from nexus_actors.http.json_body import MAX_DEPTH, MAX_PARTS, JsonDecoder
from nexus_actors.http.problem import HttpProblem

ANY = JsonDecoder(msgspec.Raw)

text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | text
documents = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4))


@given(documents, st.sampled_from([None, 2]), st.booleans())
def test_every_document_without_duplicates_is_taken(document: Any, indent: int | None, ascii_only: bool) -> None:
    body = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    assert msgspec.json.decode(ANY.decode(body)) == json.loads(body)


@given(documents, text, documents)
@example({}, "a:{", {"b": 1})
@example([], '\\"', None)
def test_a_key_that_comes_twice_is_found_wherever_it_stands(around: Any, key: str, value: Any) -> None:
    name, inner = json.dumps(key), json.dumps(value)
    body = f'[{json.dumps(around)}, {{{name}: {inner}, "other\\\\": [], {name}: {inner}}}]'.encode()
    with pytest.raises(HttpProblem) as refused:
        ANY.decode(body)
    assert (refused.value.status, refused.value.errors[0].field) == (422, f"$..{key}")


@given(st.binary(max_size=64))
def test_no_bytes_make_it_stumble(body: bytes) -> None:
    with contextlib.suppress(HttpProblem):
        assert bytes(ANY.decode(body)) == body.strip()


@given(st.text('[]{}":,\\ a1', max_size=40))
def test_what_json_refuses_is_refused(body: str) -> None:
    try:
        json.loads(body)
    except json.JSONDecodeError:
        with pytest.raises(HttpProblem):
            ANY.decode(body.encode())


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_nesting_has_a_limit(opening: str, closing: str) -> None:
    levels = MAX_DEPTH // len(closing)
    ANY.decode((opening * levels + "0" + closing * levels).encode())
    levels += 1
    with pytest.raises(HttpProblem, match="deeper"):
        ANY.decode((opening * levels + "0" + closing * levels).encode())


@pytest.mark.parametrize(
    "part",
    ["0", "[]", "{}", '""', '"\\""', '"\\\\"', '{"a":0}'],
    ids=["numbers", "lists", "objects", "texts", "quotes", "backslashes", "names"],
)
def test_a_body_has_so_many_parts_and_no_more(part: str) -> None:
    per_part = 1 + sum(part.count(sign) for sign in "[{:")
    most = (MAX_PARTS - 1) // per_part
    decoder = JsonDecoder(list[Any])
    assert len(decoder.decode(f"[{','.join([part] * most)}]".encode())) == most
    with pytest.raises(HttpProblem) as refused:
        decoder.decode(f"[{','.join([part] * (most + 2))}]".encode())
    assert (refused.value.status, refused.value.code) == (422, "invalid")
    assert "several requests" in refused.value.errors[0].reason


def test_a_deep_body_is_not_read_to_its_end() -> None:
    with pytest.raises(HttpProblem, match="nested deeper"):
        JsonDecoder(list[Any]).decode(b"[" * 10_000_000)


def test_many_brackets_side_by_side_are_not_deep() -> None:
    ANY.decode(b"[" + b",".join([b'[{"a":[]}]'] * 10_000) + b"]")


@pytest.mark.parametrize(
    ("message", "field", "reason"),
    [
        ("Expected `float`, got `str` - at `$.items[3].lat`", "$.items[3].lat", "Expected `float`, got `str`"),
        ("Expected `object`, got `null`", "$", "Expected `object`, got `null`"),
        ("Object missing required field `a` - at `$[0]`", "$[0].a", "This field is required."),
        ("Object contains unknown field `a - at b`", "$.a - at b", "There is no such field."),
        ("Expected `int`, got `str` - at `key` in `$.counts`", "$.counts", "Expected `int`, got `str`"),
    ],
)
def test_messages_are_read(message: str, field: str, reason: str) -> None:
    error = field_error(message)
    assert (error.field, error.reason) == (field, reason)


def test_a_long_reason_is_cut() -> None:
    error = field_error(f"Object contains unknown field `{'x' * 5000}`")
    assert len(error.field) < 300
