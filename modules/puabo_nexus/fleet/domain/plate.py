"""Number plates."""

import unicodedata

_SEPARATORS = frozenset(" -.·")


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


def _folded(value: str) -> str:
    """Upper case in NFKC, repeated until nothing changes: some letters fall apart in upper case and join again in NFKC."""
    folded = unicodedata.normalize("NFKC", value).upper()
    return folded if folded == value else _folded(folded)
