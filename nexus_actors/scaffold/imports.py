"""Imports in the order that the linter wants, whatever the names in a template have become."""

import re
from itertools import groupby
from typing import Final

_IMPORT: Final = re.compile(r"from (?P<module>[\w.]+) import (?P<names>[\w, ]+)")
LINE: Final = 128


def in_order(text: str) -> str:
    """The text with each block of `from` imports in order, and those that are too long for a line one name a line."""
    lines: list[str] = []
    for is_import, group in groupby(text.split("\n"), lambda line: _IMPORT.fullmatch(line) is not None):
        block = list(group)
        lines += map(_wrapped, sorted(map(_sorted, block), key=lambda line: line.split()[1])) if is_import else block
    return "\n".join(lines)


def _sorted(line: str) -> str:
    start, _, names = line.partition(" import ")
    return f"{start} import {', '.join(sorted(names.split(', '), key=_rank))}"


def _rank(name: str) -> tuple[int, str, str]:
    """Constants, then classes, then all else, each in the order of a dictionary."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name.lower(), name)


def _wrapped(line: str) -> str:
    if len(line) <= LINE:
        return line
    start, _, names = line.partition(" import ")
    return "\n".join([f"{start} import (", *(f"    {name}," for name in names.split(", ")), ")"])
