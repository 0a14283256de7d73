"""Rules on types."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
import pytest
from msgspec import UNSET, Meta, Struct, UnsetType

from bus import Command, ContractError, FieldError, Refusal, Topic
from nexus_actors.http.json_schema import describe_properties
from nexus_actors.rules import ROOM, check_of, normal_form, rule

TOPIC = Topic("rule-ms", partitions=1)


def upper(value: str) -> str:
    text = value.strip().upper()
    if not text.isalpha():
        raise ValueError("It has no letters alone.")
    return text


Code = Annotated[str, rule(upper, min_length=2, max_length=4, examples=["ab"])]
ONE = UUID(int=1)


class Part(Struct, frozen=True, kw_only=True):
    code: Code


class Make(Command[None], topic=TOPIC, key="thing_id"):
    """All the ways in which a rule is met."""

    thing_id: UUID
    code: Code
    note: Code | None = None
    change: Code | UnsetType | None = UNSET
    parts: tuple[Part, ...] = ()
    codes: tuple[Code, ...] = ()


class Round(Struct, frozen=True, kw_only=True, tag="round"):
    code: Code


class Square(Struct, frozen=True, kw_only=True, tag="square"):
    name: Code
    inside: "Round | Square | None" = None


class Shaped(Command[None], topic=TOPIC, key="thing_id"):
    """One of several."""

    thing_id: UUID
    shape: Round | Square | None = None


class Kept(Command[None], topic=TOPIC, key="thing_id"):
    """Where no rule can be kept."""

    thing_id: UUID
    codes: dict[str, Code]


class Plain(Command[None], topic=TOPIC, key="thing_id"):
    """No rule at all."""

    thing_id: UUID
    text: Annotated[str, Meta(max_length=3)] = ""


def test_every_field_is_put_into_its_normal_form() -> None:
    check = check_of(Make)
    assert check is not None
    message = Make(thing_id=ONE, code=" ab", note="cd", change="ef", parts=(Part(code="gh"),), codes=("ij", "kl "))
    normal = Make(thing_id=ONE, code="AB", note="CD", change="EF", parts=(Part(code="GH"),), codes=("IJ", "KL"))
    assert check(message) == normal
    assert check(normal) == normal


class Span(Command[None], topic=TOPIC, key="thing_id", noun="stretch"):
    """Its fields have to fit each other."""

    thing_id: UUID
    code: Code
    start: int
    end: int

    def faults(self) -> list[FieldError]:
        return [] if self.start <= self.end else [FieldError("$.end", f"It is before {self.start} ({self.code}).")]


def test_what_is_wrong_between_fields_is_said_together_with_the_rest() -> None:
    check = check_of(Span)
    assert check is not None
    with pytest.raises(Refusal) as refused:
        check(Span(thing_id=ONE, code="1", start=2, end=1))
    assert (refused.value.code, [error.field for error in refused.value.errors]) == ("invalid_stretch", ["$.code", "$.end"])
    with pytest.raises(Refusal) as refused:
        check(Span(thing_id=ONE, code=" ab", start=2, end=1))
    assert [error.reason for error in refused.value.errors] == ["It is before 2 (AB)."]


def test_null_and_what_is_left_out_stay() -> None:
    check = check_of(Make)
    assert check is not None
    assert check(Make(thing_id=ONE, code="ab", note=None)) == Make(thing_id=ONE, code="AB")
    assert check(Make(thing_id=ONE, code="ab", change=None)).change is None


def test_all_that_is_wrong_is_said_at_once_with_its_place() -> None:
    check = check_of(Make)
    assert check is not None
    with pytest.raises(Refusal) as caught:
        check(Make(thing_id=ONE, code="1", note="a", change="abcde", parts=(Part(code="ok"), Part(code="?")), codes=("ok", "")))
    assert (caught.value.kind, caught.value.code) == ("invalid", "invalid_thing")
    assert {error.field: error.reason for error in caught.value.errors} == {
        "$.code": "It has no letters alone.",
        "$.note": "It has 1 characters. Give 2 to 4.",
        "$.change": "It has 5 characters. Give 2 to 4.",
        "$.parts[1].code": "It has no letters alone.",
        "$.codes[1]": "It has no letters alone.",
    }


def test_of_several_types_the_one_that_came_is_looked_at() -> None:
    check = check_of(Shaped)
    assert check is not None
    assert check(Shaped(thing_id=ONE, shape=Square(name="ab"))).shape == Square(name="AB")
    assert check(Shaped(thing_id=ONE, shape=Round(code="ab"))).shape == Round(code="AB")
    with pytest.raises(Refusal) as caught:
        check(Shaped(thing_id=ONE, shape=Square(name="ab", inside=Round(code="?"))))
    assert [error.field for error in caught.value.errors] == ["$.shape.inside.code"]


def test_a_type_inside_itself_is_followed_all_the_way() -> None:
    check = check_of(Shaped)
    assert check is not None
    deep = Shaped(thing_id=ONE, shape=Square(name="ab", inside=Square(name="cd", inside=Square(name=" ef"))))
    assert check(deep).shape == Square(name="AB", inside=Square(name="CD", inside=Square(name="EF")))


def test_a_rule_where_it_would_not_be_kept_is_refused() -> None:
    with pytest.raises(ContractError, match="dict or set"):
        check_of(Kept)


def test_what_has_no_rule_is_not_looked_at() -> None:
    assert check_of(Plain) is None


def test_documents_show_the_bounds_of_the_normal_form_and_decoders_leave_room() -> None:
    schema = msgspec.json.schema_components([Make])[1]["Make"]
    describe_properties(schema)
    assert schema["properties"]["code"] == {"type": "string", "minLength": 2, "maxLength": 4, "examples": ["ab"]}
    assert msgspec.json.decode(b'" ' + b"a" * (4 * ROOM - 1) + b'"', type=Code)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'"' + b"a" * (4 * ROOM + 1) + b'"', type=Code)


def test_a_type_gives_the_normal_form_of_a_text() -> None:
    assert normal_form(Code, " ab ") == "AB"
    with pytest.raises(ValueError, match="no letters"):
        normal_form(Code, "1")


@pytest.mark.parametrize("value", ["x" * 100, ""])
def test_text_without_a_rule_is_taken_as_it_is(value: Any) -> None:
    assert normal_form(str, value) == value
