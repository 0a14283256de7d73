"""Text that comes from code or people can be kept, whatever is in it."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus import FieldError, Refusal, new_id
from bus.refusal import LONGEST_DETAIL
from bus.requests import Answer, decode_answer, encode_answer
from bus.text import error_text, is_storable, storable

ANYTHING = st.text(st.characters(exclude_categories=()))


@given(ANYTHING, st.integers(3, 60), st.booleans())
def test_any_text_becomes_one_that_can_be_kept(text: str, longest: int, keep_end: bool) -> None:
    kept = storable(text, longest, keep_end=keep_end)
    assert is_storable(kept)
    assert len(kept) <= longest
    if is_storable(text) and len(text) <= longest:
        assert kept == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (os.fsdecode(b"a\xff"), r"a\udcff"),
        ("a\0b", r"a\0b"),
        ("é" * 10, "é" * 10),
        ("x" * 30, "x" * 17 + "..."),
        ("\udcff" * 20, r"\udcff\udcff\udcf..."),
    ],
)
def test_what_cannot_be_kept_is_spelled_out_and_what_is_long_is_cut(text: str, kept: str) -> None:
    assert storable(text, 20) == kept


def test_the_end_of_a_long_text_can_be_kept() -> None:
    assert storable("x" * 30 + "end", 10, keep_end=True) == "...xxxxend"
    assert storable("end.", 3, keep_end=True) == "..."


class Mute(Exception):
    """Has no text."""

    def __str__(self) -> str:
        raise RuntimeError("no")


def test_an_error_whose_text_cannot_be_made_says_so() -> None:
    assert error_text(ValueError("bad \udcff\0")) == r"bad \udcff\0"
    assert error_text(Mute()) == "(Mute, whose text cannot be made: its __str__ raises RuntimeError)"


def test_a_refusal_that_quotes_odd_text_is_an_answer_all_the_same() -> None:
    refusal = Refusal.invalid("odd", "bad \udcff\0" + "x" * 10_000, FieldError("$.\udcff", "\0"))
    answer = decode_answer(encode_answer(Answer(id=new_id(), refusal=refusal.document)))
    assert answer.refusal is not None
    assert answer.refusal.detail.startswith(r"bad \udcff\0xxx")
    assert len(answer.refusal.detail) == LONGEST_DETAIL
    assert answer.refusal.errors == (FieldError(r"$.\udcff", r"\0"),)
