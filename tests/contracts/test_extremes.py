"""What is looked at for the extremes of a type, and that a promise which is not kept is seen."""

from collections.abc import Iterable
from types import new_class
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from msgspec import Meta, Struct, json

from bus import Command, FieldError, Topic
from nexus_actors.rules import rule
from tests.contracts.extremes import Extremes
from tests.contracts.test_bounds import extremes_of, faults_of

TOPIC = Topic("extremes-ms")
Code = Annotated[str, rule(str.strip, max_length=3)]
Share = Annotated[float, Meta(gt=0, le=1)]


class Corner(Struct, frozen=True, kw_only=True):
    lat: Annotated[float, Meta(ge=-90, le=90)]
    inner: "Corner | None" = None


class Draw(Command[None], topic=TOPIC, key="shape_id"):
    shape_id: UUID
    code: Code
    kind: Literal["circle", "square"]
    size: Annotated[int, Meta(gt=0, lt=10)] | None = None
    shares: Annotated[list[Share], Meta(min_length=1, max_length=4)] = []  # noqa: RUF012 - msgspec copies it
    corner: Corner | None = None


def test_every_place_is_looked_at_in_turn() -> None:
    found = [(extreme.path, extreme.said) for extreme in extremes_of(Draw)]

    assert ("$", "what must be there") in found
    assert [said for path, said in found if path == "$.size"] == ["1", "9", "None"]
    assert [said for path, said in found if path == "$.code"] == ["1 characters", "3 characters"]
    assert [said for path, said in found if path == "$.kind"] == ["the literal 'circle'", "the literal 'square'"]
    assert [said for path, said in found if path == "$.shares"] == ["1 items", "4 items"]
    assert [said for path, said in found if path == "$.shares[0]"] == ["5e-324", "1.0"]
    assert [said for path, said in found if path == "$.corner.lat"] == ["-90.0", "90.0"]
    assert ("$.corner.inner.lat", "90.0") in found
    assert not list(faults_of(Draw))


def narrow(value: str) -> str:
    if len(value) > 2:
        raise ValueError("It is too long.")
    return value


@pytest.mark.parametrize(
    ("hint", "place"),
    [
        (Annotated[str, rule(narrow, max_length=3)], "$.field, 3 characters: It is too long."),
        (Annotated[int, Meta(lt=5, extra_json_schema={"maximum": 9})], "$.field, 9: "),
        (list[Annotated[str, rule(narrow, max_length=3)]], "$.field[0], 3 characters: It is too long."),
        (Annotated[list[int], Meta(max_length=1, extra_json_schema={"minItems": 2})], "$.field, 2 items: "),
        (Annotated[str, Meta(pattern="^[0-9]$")], None),
        (Annotated[str, Meta(pattern="^[a-f]{8}$")], None),
        (Annotated[str, Meta(pattern="^<.>$")], "$.field, 0 characters: give an example"),
        (Annotated[str, Meta(pattern="^<.>$", examples=["<x>"])], None),
    ],
)
def test_a_promise_that_is_not_kept_is_seen(hint: Any, place: str | None) -> None:
    body = {"__annotations__": {"shape_id": UUID, "field": hint}, "__module__": __name__}
    kind = new_class("Broken", (Command[None],), {"topic": TOPIC, "key": "shape_id"}, lambda names: names.update(body))

    found = list(faults_of(kind))

    assert bool(found) is (place is not None)
    assert place is None or any(fault.startswith(place) for fault in found)


def test_the_greatest_is_so_in_all_places_at_once() -> None:
    [schema], definitions = json.schema_components([Draw])
    greatest = Extremes(definitions).greatest(schema)
    assert (greatest["size"], greatest["kind"], greatest["shares"]) == (None, "circle", [5e-324] * 4)
    assert greatest["corner"]["inner"]["inner"]["lat"] == -90.0


def test_what_has_no_bound_is_left_out_or_filled() -> None:
    free, most = {"type": "array", "items": {"type": "string"}}, 1_000
    assert [extreme.said for extreme in Extremes({}).of(free)] == ["0 items", "0 characters"]
    filled = [len(json.encode(extreme.choices[0])) for extreme in Extremes({}, fill_bytes=most).of(free)]
    assert max(filled) <= most + 10
    assert sum(size > most / 2 for size in filled) == 2


def test_what_is_wrong_between_fields_is_another_matter() -> None:
    class Stretch(Command[None], topic=TOPIC, key="shape_id"):
        shape_id: UUID
        least: Code
        most: Code

        def faults(self) -> Iterable[FieldError]:
            if self.least >= self.most:
                yield FieldError("$.most", "It is not beyond the least.")

    assert not list(faults_of(Stretch))
