"""Text that people type: names, reasons, numbers of documents."""

import re
import unicodedata

_SPACES = re.compile(r"\s+")
_JOINERS = frozenset("\u200c\u200d")
"""Zero-width joiners, which some scripts need inside words (The Unicode Standard, section 23.2)."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def one_line(value: str, longest: int) -> str:
    """A line of text: NFC, runs of spaces as one, none at the ends.

    Raises:
        ValueError: it is empty or longer than ``longest`` characters, or has characters that do not show (controls, marks of
            writing direction, unassigned ones).
    """
    line = unicodedata.normalize("NFC", _SPACES.sub(" ", value).strip())
    if any(unicodedata.category(character) in _HIDDEN and character not in _JOINERS for character in line):
        raise ValueError("It has characters that do not show. Type it anew.")
    if not 1 <= len(line) <= longest:
        raise ValueError(f"It has {len(line)} characters. Give 1 to {longest}.")
    return line


def person_name(value: str) -> str:
    """The name of a person: a line of up to 100 characters with a letter in it.

    Raises:
        ValueError: it is none.
    """
    name = one_line(value, 100)
    if not any(character.isalpha() for character in name):
        raise ValueError("It has no letter. Give the name that people call them by.")
    return name


def reason(value: str) -> str:
    """Why something is done: a line of up to 200 characters.

    Raises:
        ValueError: it is none.
    """
    return one_line(value, 200)
