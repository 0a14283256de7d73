"""Text that people type: names, reasons, descriptions. Every service reads it by the same rule."""

import re
import unicodedata

_SPACES = re.compile(r"\s+")
_JOINERS = frozenset("\u200c\u200d")
"""Zero-width joiners, which some scripts need inside words (The Unicode Standard, section 23.2)."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def one_line(value: str) -> str:
    """A line of text: NFC, runs of spaces and line ends as one space, none at the ends.

    A normal form for `nexus_actors.rules.rule`, which keeps the bounds.

    Raises:
        ValueError: it has characters that do not show (controls, marks of writing direction, unassigned ones).
    """
    line = unicodedata.normalize("NFC", _SPACES.sub(" ", value).strip())
    if any(unicodedata.category(character) in _HIDDEN and character not in _JOINERS for character in line):
        raise ValueError("It has characters that do not show. Type it anew.")
    return line
