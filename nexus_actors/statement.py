"""SQL as far as it has to be understood: which statements a text has, and which of them a turn may not send."""

import re
from functools import lru_cache
from typing import Final

from nexus_actors.errors import NexusError

# What may hide a semicolon or a word: comments, strings, quoted names, dollar-quoted bodies. Then what is looked for.
_TOKEN: Final = re.compile(
    r"--[^\n]*|/\*.*?\*/|[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\""
    r"|(?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?P=tag)|(?P<end>;)|(?P<word>[A-Za-z_]\w*)",
    re.DOTALL,
)
CONTROL: Final = frozenset({"abort", "begin", "commit", "end", "release", "rollback", "savepoint", "start"})
"""First words of the statements that begin and end transactions and savepoints."""
_SESSION: Final = frozenset({"deallocate", "discard", "listen", "load", "prepare", "reset", "unlisten"})
"""First words of the statements whose effect outlives the transaction: it would meet whoever has the connection next."""
_RUNTIMES: Final = frozenset({"role", "search_path", "session", "transaction"})
"""What not even SET LOCAL may change: the turns of a batch share a transaction, and the runtime's own statements are in it.

Nor any ``transaction_...``: a transaction that a handler has made read-only looks like a server that is.
"""
_LONGEST_KNOWN: Final = 20_000


class StatementRefused(NexusError):
    """A handler sent SQL through ``ctx.db`` that is not the turn's business. Nothing was sent."""


def first_words(sql: str) -> list[str]:
    """The word that each statement begins with, in lower case."""
    return [words[0] for words in statements(sql)]


def statements(sql: str, most: int = 1) -> list[list[str]]:
    """The first words of each statement, in lower case, at most so many of each."""
    found: list[list[str]] = []
    at_start = True
    for token in _TOKEN.finditer(sql):
        if token["end"]:
            at_start = True
        elif token["word"] and at_start:
            found.append([token["word"].lower()])
            at_start = False
        elif token["word"] and len(found[-1]) < most:
            found[-1].append(token["word"].lower())
    return found


def check_statement(sql: str) -> None:
    """Let a turn send no statement that ends its transaction, or that changes the connection beyond it.

    The runtime begins and ends the transaction, in which several turns may be, and gives the connection on.

    Raises:
        StatementRefused: it is such a statement, or holds one.
    """
    problem = _known_problem(sql) if len(sql) <= _LONGEST_KNOWN else _problem(sql)
    if problem is not None:
        raise StatementRefused(problem)


@lru_cache(maxsize=2_048)
def _known_problem(sql: str) -> str | None:
    return _problem(sql)


def _problem(sql: str) -> str | None:
    for words in statements(sql, most=3):
        shown = " ".join(words).upper()
        if words[0] in CONTROL or words[:2] == ["prepare", "transaction"]:
            return (
                f"{shown} is not for handlers: the runtime begins and ends the transaction of a turn. To go on after an SQL "
                "error, run what may fail in a savepoint: `async with ctx.db.savepoint():`. To undo the turn, raise."
            )
        if words[0] in _SESSION or _sets_too_much(words):
            return (
                f"{shown} is not for handlers: it would change the connection for other turns and for the runtime. SET LOCAL "
                "and SET CONSTRAINTS end with the transaction; a search_path or a role belongs to a function's definition."
            )
    return None


def _sets_too_much(words: list[str]) -> bool:
    if words[0] != "set" or words[1:2] == ["constraints"]:
        return False
    return words[1:2] != ["local"] or any(word in _RUNTIMES or word.startswith("transaction_") for word in words[2:3])
