"""Vehicle identification numbers (ISO 3779), and the check digit that North American ones carry (49 CFR 565.15)."""

import re

_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_NORTH_AMERICA = frozenset("12345")
"""First characters that ISO 3780 gives to makers in North America."""
_CHECK_AT = 8
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_REMAINDERS = "0123456789X"
_VALUES = {character: int(character) for character in "0123456789"} | {
    character: value
    for row in (
        zip("ABCDEFGH", range(1, 9), strict=True),
        zip("JKLMN", range(1, 6), strict=True),
        (("P", 7), ("R", 9)),
        zip("STUVWXYZ", range(2, 10), strict=True),
    )
    for character, value in row
}


def vin(value: str) -> str:
    """The normal form of a vehicle identification number: upper case.

    Raises:
        ValueError: it is not 17 letters and digits without I, O and Q, or it is a North American one whose ninth character
            does not fit the others.
    """
    text = value.strip().upper()
    if not _VIN.fullmatch(text):
        raise ValueError("It is not 17 letters and digits, of which none is I, O or Q. Look at the type plate again.")
    if text[0] in _NORTH_AMERICA and text[_CHECK_AT] != check_digit(text):
        raise ValueError(f"Its ninth character must be {check_digit(text)} to fit the others. Look for a mistyped character.")
    return text


def check_digit(text: str) -> str:
    """The ninth character that fits a VIN: the weighted sum of its values modulo 11, with X for 10 (49 CFR 565.15, table V)."""
    total = sum(_VALUES[character] * weight for character, weight in zip(text, _WEIGHTS, strict=True))
    return _REMAINDERS[total % 11]
