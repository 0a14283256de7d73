"""SQL as far as it has to be understood: which statements a text has, and which of them a turn may not send."""

import re
from functools import lru_cache
from itertools import pairwise
from typing import Final

from nexus_actors.errors import NexusError

# What may hide a semicolon or a word: comments, strings, dollar-quoted bodies. Then what is looked for.
_TOKEN: Final = re.compile(
    r"--[^\n]*|(?P<comment>/\*)|[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag)"
    r"|\"(?P<quoted>(?:[^\"]|\"\")*)\"|(?P<end>;)|(?P<word>[^\W\d][\w$]*)",
    re.DOTALL,
)
_EDGE: Final = re.compile(r"/\*|\*/")
CONTROL: Final = frozenset({"abort", "begin", "commit", "end", "release", "rollback", "savepoint", "start"})
"""First words of the statements that begin and end transactions and savepoints."""
_SESSION: Final = frozenset({"deallocate", "discard", "listen", "load", "prepare", "reset", "unlisten"})
"""First words of the statements whose effect outlives the transaction: it would meet whoever has the connection next."""
_RUNTIMES: Final = frozenset(
    {
        *("client_encoding", "names", "role", "schema", "search_path", "session", "standard_conforming_strings"),
        *("synchronous_commit", "transaction"),
    }
)
"""What not even SET LOCAL may change: the turns of a batch share a transaction, and the runtime's own statements are in it.

Nor any ``transaction_...``: a transaction that a handler has made read-only looks like a server that is. One that does not wait
for the disk loses what the other turns of its batch have answered.
"""
_TEMPORARY: Final = frozenset({"temp", "temporary"})
_BEFORE_KIND: Final = frozenset({"or", "replace", "global", "local"})
_INTO_TABLES: Final = frozenset({"insert", "merge"})
_OF_THE_SESSION: Final = re.compile(
    r"pg_temp|pg_(?:try_)?advisory_(?:un)?lock(?:_shared|_all)?|pg_(?:terminate|cancel)_backend"
)
"""Tables and locks that belong to a connection, by the names that lead to them, and what ends connections: a handler that ends
its own looks like a server that goes down."""
_LONGEST_KNOWN: Final = 20_000


class StatementRefused(NexusError):
    """A handler sent SQL through ``ctx.db`` that is not the turn's business. Nothing was sent."""


def first_words(sql: str) -> list[str]:
    """The word that each statement begins with, in lower case."""
    return [words[0] for words in statements(sql)]


def statements(sql: str) -> list[list[str]]:
    """The words of each statement, quoted names among them, in lower case."""
    found: list[list[str]] = []
    at, at_start = 0, True
    while token := _TOKEN.search(sql, at):
        at = _behind_comment(sql, token.end()) if token["comment"] else token.end()
        word = token["word"] or token["quoted"]
        if token["end"]:
            at_start = True
        elif word and at_start:
            found.append([word.lower()])
            at_start = False
        elif word:
            found[-1].append(word.lower())
    return found


def _behind_comment(sql: str, at: int) -> int:
    """Where a comment ends that has begun before this place: they nest."""
    depth = 1
    for edge in _EDGE.finditer(sql, at):
        depth += 1 if edge[0] == "/*" else -1
        if not depth:
            return edge.end()
    return len(sql)


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
    for words in statements(sql):
        shown = " ".join(words[:3]).upper()
        if words[0] in CONTROL or words[:2] == ["prepare", "transaction"]:
            return (
                f"{shown} is not for handlers: the runtime begins and ends the transaction of a turn. To go on after an SQL "
                "error, run what may fail in a savepoint: `async with ctx.db.savepoint():`. To undo the turn, raise."
            )
        if words[0] == "copy":
            return (
                f"{shown} is not for handlers: its rows travel beside the statement. Use ctx.db.insert, executemany and fetch."
            )
        if words[0] in _SESSION or _sets_too_much(words) or _stays_behind(words):
            return (
                f"{shown} is not for handlers: it would change the connection for other turns and for the runtime. SET LOCAL "
                "and SET CONSTRAINTS end with the transaction, and so do cursors and pg_advisory_xact_lock; a search_path or a "
                "role belongs to a function's definition, and what a temporary table would hold to WITH, or to a table."
            )
    return None


def _sets_too_much(words: list[str]) -> bool:
    if words[0] != "set" or words[1:2] == ["constraints"]:
        return False
    return words[1:2] != ["local"] or any(word in _RUNTIMES or word.startswith("transaction_") for word in words[2:3])


def _stays_behind(words: list[str]) -> bool:
    """Whether it makes something that the connection keeps: a temporary table, a lock or cursor of the session."""
    if words[0] == "create":
        kind = next((word for word in words[1:] if word not in _BEFORE_KIND), "")
        if kind in _TEMPORARY:
            return True
    if words[0] == "declare" and ("with", "hold") in pairwise(words):
        return True
    return any(map(_OF_THE_SESSION.fullmatch, words)) or any(
        into == "into" and name in _TEMPORARY and verb not in _INTO_TABLES
        for verb, into, name in zip(words, words[1:], words[2:], strict=False)
    )
