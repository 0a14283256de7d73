"""Input checked field by field."""

import pytest
from msgspec import UNSET

from bus import FieldError, Refusal
from nexus_actors.form import Form


def shout(value: str) -> str:
    if not value:
        raise ValueError("It is empty. Say something.")
    return value.upper()


def test_what_is_right_passes_in_its_normal_form() -> None:
    form = Form("word")

    assert form.read("a", shout, "hey") == "HEY"
    assert form.read_optional("b", shout, None) is None
    assert form.read_optional("b", shout, "ho") == "HO"
    form.finish()


def test_changes_keep_replace_or_clear() -> None:
    form = Form("word")

    assert form.read_change("a", shout, UNSET, "OLD") == "OLD"
    assert form.read_change("a", shout, "new", "OLD") == "NEW"
    assert form.read_optional_change("b", shout, UNSET, None) is None
    assert form.read_optional_change("b", shout, UNSET, "OLD") == "OLD"
    assert form.read_optional_change("b", shout, None, "OLD") is None
    assert form.read_optional_change("b", shout, "new", None) == "NEW"
    form.finish()


def test_an_old_value_that_today_would_be_refused_may_stay() -> None:
    form = Form("word")

    assert form.read_change("a", shout, UNSET, "") == ""
    form.finish()


def test_all_that_is_wrong_is_said_at_once() -> None:
    form = Form("word")
    form.read("a", shout, "")
    form.read("b", shout, "fine")
    form.refuse("c", "It is missing.")

    with pytest.raises(Refusal) as caught:
        form.finish()

    assert caught.value.kind == "invalid"
    assert caught.value.code == "invalid_word"
    assert "$.a, $.c" in caught.value.detail
    assert caught.value.errors == (FieldError("$.a", "It is empty. Say something."), FieldError("$.c", "It is missing."))
