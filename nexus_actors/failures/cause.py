"""An error with where it came from, as text of bounded length, made with bounded work."""

import traceback
from collections.abc import Iterator
from typing import Final

from bus.text import error_text, storable

MOST_ERRORS: Final = 50
"""An error with more of them behind it or in it is told in short: a loop that goes on after each failure chains thousands."""
_FARTHEST: Final = 10_000
_SHOWN: Final = 5
_FRAMES: Final = 10
_DEPTH: Final = 3
_TEXT: Final = 500
_CAUSED: Final = "\nThe above exception was the cause or the context of the following exception:\n\n"


def described(error: BaseException, longest: int = 8_000) -> str:
    """The error with its traceback, cut from the front where it is long: the innermost frames say most.

    It is storable, whatever the error's own methods raise. Its last line is the type of the error and what it says, by which
    causes are listed and counted: behind groups, notes and messages of several lines (DETAIL, HINT) it is said once more.
    """
    try:
        text = _short(error, _DEPTH) if is_vast(error) else "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 - errors are classes of anybody
        text = f"{type(error).__name__}: {error_text(error)}"
    if not text.rstrip().rpartition("\n")[2].startswith(_name(error)):
        text = f"{text.rstrip()}\n{_name(error)}: {' '.join(error_text(error, _TEXT).split())}\n"
    return storable(text, longest, keep_end=True)


def _name(error: BaseException) -> str:
    """The type as a traceback names it."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ in {"builtins", "__main__"} else f"{kind.__module__}.{kind.__qualname__}"


def is_vast(error: BaseException) -> bool:
    """Whether there are more than `MOST_ERRORS` in it: itself, its causes and contexts, and the members of groups."""
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if len(seen) > MOST_ERRORS:
            return True
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions[: MOST_ERRORS + 1]
        waiting += [behind for behind in (one.__cause__, one.__context__) if behind is not None]
    return False


def _short(error: BaseException, depth: int) -> str:
    """The outermost errors of a chain and the innermost ones, of a group its first members."""
    chain = list(_chain(error))
    shown = chain if len(chain) <= 2 * _SHOWN else chain[:_SHOWN] + chain[-_SHOWN:]
    parts = [_single(one, depth) for one in reversed(shown)]
    if len(shown) < len(chain):
        parts.insert(_SHOWN, f"(and {len(chain) - len(shown)} more between them)\n")
    return _CAUSED.join(parts)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen and len(seen) < _FARTHEST:
        yield one
        seen.add(id(one))
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _single(error: BaseException, depth: int) -> str:
    frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), limit=-_FRAMES)
    lines = ["Traceback (innermost calls):\n", *frames.format(), f"{type(error).__name__}: {error_text(error, _TEXT)}\n"]
    if isinstance(error, BaseExceptionGroup) and depth:
        for number, member in enumerate(error.exceptions[:_SHOWN], start=1):
            lines.append(f"---- member {number} of {len(error.exceptions)} ----\n{_short(member, depth - 1)}")
    return "".join(lines)
