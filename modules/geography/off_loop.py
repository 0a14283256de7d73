"""Work that is too long for the loop's thread: other turns and requests go on while a thread of its own does it."""

from collections.abc import Callable
from typing import Final, TypeVar, TypeVarTuple

from anyio import to_thread

LIGHT: Final = 5_000
"""Steps of work, each less than a microsecond, that are over before a thread has begun."""

T = TypeVar("T")
A = TypeVarTuple("A")


async def done(weight: int, work: Callable[[*A], T], *args: *A) -> T:
    """Do some work and return what it returns.

    Args:
        weight: how many steps of work it may be.
        work: pure, for it may be given up in the middle of a turn that is.
    """
    if weight <= LIGHT:
        return work(*args)
    return await to_thread.run_sync(work, *args)
