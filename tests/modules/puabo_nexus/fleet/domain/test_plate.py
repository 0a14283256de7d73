"""Number plates in their normal form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.puabo_nexus.fleet.contract import Plate
from modules.puabo_nexus.fleet.domain.plate import plate_mark
from nexus_actors.rules import normal_form


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("  zg  1234\tab ", "ZG 1234 AB"),
        ("B-MW 1", "B-MW 1"),
        ("zg\u00a01-a", "ZG 1-A"),
        ("\uff21\uff22\uff11\uff12", "AB12"),
        ("ж123дя 77", "Ж123ДЯ 77"),
        ("京a·12345", "京A·12345"),
        ("strasse ß", "STRASSE SS"),
    ],
)
def test_differences_of_case_width_and_spaces_vanish(typed: str, normal: str) -> None:
    assert normal_form(Plate, typed) == normal


@pytest.mark.parametrize("typed", ["", "   ", "-. -", "A" * 16, "AB_12", "AB\u200b12", "AB\x0012", "<b>1</b>", "AB;12", "🚚 1"])
def test_what_is_no_plate_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"It has"):
        normal_form(Plate, typed)


@given(st.text(max_size=20) | st.text(alphabet="abzß ﬁŉ-·.019ÄǰΐẖЖ京\u0301\t", max_size=16))
def test_the_normal_form_is_stable_and_bounded(typed: str) -> None:
    try:
        normal = normal_form(Plate, typed)
    except ValueError:
        return
    assert normal_form(Plate, normal) == normal
    assert normal_form(Plate, f"  {typed} ") == normal
    assert normal_form(Plate, typed.upper()) == normal
    assert 1 <= len(normal) <= 15
    assert normal == " ".join(normal.split())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ZG 1234-AB", "zg1234ab"),
        ("ZG-1234 AB", "ZG.1234·AB"),
        ("А123ВС 77", "A123BC77"),
        ("ΙΚΥ-1234", "IKY 1234"),
    ],
)
def test_plates_that_people_take_for_one_have_one_mark(one: str, other: str) -> None:
    assert plate_mark(normal_form(Plate, one)) == plate_mark(normal_form(Plate, other))


@pytest.mark.parametrize(
    ("one", "other"), [("AB 0", "AB O"), ("ŠI 1", "SI 1"), ("AB 1", "AB 11"), ("Ж1", "X1"), ("1 I", "1 1")]
)
def test_plates_that_may_both_be_there_have_two_marks(one: str, other: str) -> None:
    assert plate_mark(normal_form(Plate, one)) != plate_mark(normal_form(Plate, other))


@given(st.text(alphabet="abzß ﬁŉ-·.019ЖжАΒ京", min_size=1, max_size=12))
def test_a_mark_is_there_and_is_its_own(typed: str) -> None:
    try:
        mark = plate_mark(normal_form(Plate, typed))
    except ValueError:
        return
    assert mark
    assert plate_mark(mark) == mark
