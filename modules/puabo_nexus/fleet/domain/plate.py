"""Number plates."""

import unicodedata

_SEPARATORS = frozenset(" -.·")
_LOOKALIKES = str.maketrans(
    "АВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "ABEKMHOPCTYXIJSABEZHIKMNOPTYX",
)


def plate(value: str) -> str:
    """The normal form of a number plate: NFKC, upper case, runs of spaces as one, none at the ends.

    Two plates that people take for the same one get the same form where they differ in case, width and spaces alone.

    Raises:
        ValueError: it has no letter or digit, or others than letters, digits, spaces, hyphens, dots and middle dots.
    """
    text = " ".join(_folded(value).split())
    if not any(character.isalnum() for character in text):
        raise ValueError("It has no letter or digit. Give the plate as it is on the vehicle.")
    for character in text:
        if not (character.isalnum() or character in _SEPARATORS or unicodedata.category(character) == "Mn"):
            raise ValueError(f"It has the character {character!a}. Use letters, digits, spaces, hyphens and dots.")
    return text


def plate_mark(plate: str) -> str:
    """What two plates are compared by: their normal form without separators, look-alikes of Latin letters as these.

    The letter O and the digit 0 stay two: there are plates that differ in nothing else, and a vehicle that cannot be registered
    is worse than one that is registered twice. Marks above letters stay too: S and Š are two districts.

    Args:
        plate: in its normal form.
    """
    return "".join(character for character in plate if character not in _SEPARATORS).translate(_LOOKALIKES)


def _folded(value: str) -> str:
    """Upper case in NFKC, repeated until nothing changes: some letters fall apart in upper case and join again in NFKC."""
    folded = unicodedata.normalize("NFKC", value).upper()
    return folded if folded == value else _folded(folded)
