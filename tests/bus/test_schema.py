"""The mark of a schema: the same for the same schema, another for another, whatever is said about it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, defstruct

from bus.schema import MARK_LENGTH, schema_mark


def test_words_do_not_count_and_what_is_taken_does() -> None:
    class Crate(Struct):
        """Before."""

        title: str
        colour: Literal["red", "green"] = "red"

    kept = schema_mark(Crate)
    worded = defstruct(
        "Crate",
        [("title", Annotated[str, Meta(description="After.", examples=["a"])]), ("colour", Literal["red", "green"], "red")],
    )
    grown = defstruct("Crate", [("title", str), ("colour", Literal["red", "green", "blue"], "red")])
    renamed = defstruct("Crate", [("name", str), ("colour", Literal["red", "green"], "red")])
    assert schema_mark(worded) == kept
    assert len({kept, schema_mark(grown), schema_mark(renamed)}) == 3
    assert len(kept) == MARK_LENGTH


def test_the_mark_is_the_same_in_every_process() -> None:
    assert schema_mark(defstruct("Crate", [("weight_g", int), ("tags", set[str])])) == "2acc8931"
