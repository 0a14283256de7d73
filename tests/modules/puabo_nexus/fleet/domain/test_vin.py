"""Vehicle identification numbers and their check digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.puabo_nexus.fleet.domain.vin import check_digit, vin

CHARACTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
vins = st.text(alphabet=CHARACTERS, min_size=17, max_size=17)


@pytest.mark.parametrize("number", ["1M8GDM9AXKP042788", "11111111111111111", "5GZCZ43D13S812715", "1HGCM82633A004352"])
def test_north_american_numbers_with_their_check_digit_are_taken(number: str) -> None:
    assert vin(number) == number
    assert vin(f" {number.lower()} ") == number


def test_a_north_american_number_with_another_check_digit_is_refused() -> None:
    with pytest.raises(ValueError, match="ninth character must be X"):
        vin("1M8GDM9A1KP042788")


def test_elsewhere_the_ninth_character_is_free() -> None:
    assert vin("WVWZZZ1JZ3W386752") == "WVWZZZ1JZ3W386752"
    assert check_digit("WVWZZZ1JZ3W386752") != "Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1M8GDM9AXKP04278",
        "1M8GDM9AXKP0427888",
        "IM8GDM9AXKP042788",
        "1M8GDM9AXKPO42788",
        "QVWZZZ1JZ3W386752",
        "WVWZZZ1JZ3W38675٣",
    ],
)
def test_wrong_length_and_characters_that_look_like_digits_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="17 letters and digits"):
        vin(text)


def value(character: str) -> str:
    """What a character counts, seen through the check digit: A, J and 1 count alike and cannot be told apart by it."""
    return check_digit(character + "0" * 16)


@given(vins, st.integers(0, 16).filter(lambda position: position != 8), st.sampled_from(CHARACTERS))
def test_one_mistyped_character_of_another_value_is_noticed(number: str, position: int, character: str) -> None:
    sealed = "1" + number[1:]
    mistyped = sealed[:position] + character + sealed[position + 1 :]

    assert (check_digit(mistyped) == check_digit(sealed)) == (value(character) == value(sealed[position]))


@given(vins)
def test_sealing_a_number_makes_it_valid(number: str) -> None:
    american = "1" + number[1:]
    sealed = american[:8] + check_digit(american) + american[9:]

    assert vin(sealed) == sealed
