"""What handlers do wrong: each way spoils a turn, wherever in it that shows, and may spoil nothing else."""

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct
from typing_extensions import override


class Unprintable(Exception):
    """An exception that raises another one when it is asked what it says."""

    @override
    def __str__(self) -> str:
        raise ValueError("It does not say.")


def _its_own_cause() -> Exception:
    error = ValueError("told to fail")
    error.__cause__ = error
    return error


def _nested() -> object:
    value: object = None
    for _ in range(20_000):
        value = [value]
    return value


RAISED: Final[Mapping[str, Callable[[], BaseException]]] = {
    "an error": lambda: ValueError("told to fail"),
    "an unprintable error": Unprintable,
    "an error that is its own cause": _its_own_cause,
    "a cancellation that nobody asked for": asyncio.CancelledError,
    "an end of the process": lambda: SystemExit(0),
    "an end of the coroutine": GeneratorExit,
    "a group of ends": lambda: BaseExceptionGroup("told to fail", [asyncio.CancelledError(), SystemExit(3)]),
}
VALUES: Final[Mapping[str, object]] = {
    "no JSON": object(),
    "a lone surrogate": "\udcff",
    "a key that JSON has not": {(1, 2): 3},
    "no number": math.nan,
    "a type of its own": {"not": ["what", "was", "declared"]},
    "nested too deep": _nested(),
}
ENDS_ITS_TASK: Final = "an end of its own task"
WAYS: Final = (*RAISED, *VALUES, ENDS_ITS_TASK)


def poison(way: str, state: Struct) -> None:
    """Spoil a turn: raise something, end its task, or leave something in the first field of a state that is no value of it."""
    if way in RAISED:
        raise RAISED[way]()
    if way == ENDS_ITS_TASK:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        return
    setattr(state, state.__struct_fields__[0], VALUES[way])
