"""Names of persons, and why they do things."""

import pytest

from modules.puabo_nexus.fleet.contract import PersonName, Reason
from modules.puabo_nexus.fleet.domain.person import person_name
from nexus_actors.rules import normal_form


@pytest.mark.parametrize("name", ["Ana Horvat", "Ngô Bảo Châu", "O'Neill-Smith, Jr.", "محمد", "李", "می\u200cکنیم"])
def test_names_of_all_scripts_are_taken(name: str) -> None:
    assert person_name(f"  {name}\n") == name


def test_composed_and_decomposed_letters_are_one_name() -> None:
    assert person_name("Jose\u0301") == person_name("Jos\u00e9")


@pytest.mark.parametrize(
    "name", ["", "  ", "123", "...", "a" * 101, "Ana\x00", "Ana\u202eavroH", "Ana\u2029\u0085\x1b", "\ue000a"]
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="It has"):
        normal_form(PersonName, name)


def test_a_reason_is_one_line() -> None:
    assert normal_form(Reason, "customer\n  moved") == "customer moved"
    for wrong in ("x" * 201, " \t"):
        with pytest.raises(ValueError, match="Give 1 to 200"):
            normal_form(Reason, wrong)
