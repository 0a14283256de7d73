"""How late the event loop is."""

from collections.abc import Callable
from typing import Final

import anyio

EVERY_S: Final = 1.0


async def watch_loop_lag(
    observe: Callable[[float], None], clock: Callable[[], float] = anyio.current_time, every_s: float = EVERY_S
) -> None:
    """Measure, until cancelled, by how many seconds the loop wakes this task up too late.

    A loop that is late has too much to do, or was blocked by a call that does not await. One wake-up a second costs nothing
    that an idle process would feel.

    Args:
        observe: takes each measurement, in seconds, 0 or more.
        clock: seconds from any start, which never go back; the same that the loop sleeps by.
        every_s: seconds between two measurements.
    """
    while True:
        due = clock() + every_s
        await anyio.sleep(every_s)
        observe(max(0.0, clock() - due))
