from collections.abc import Callable

import anyio


async def until(holds: Callable[[], bool], every_s: float = 0.01) -> None:
    """Wait until something outside this process holds, which can only be seen by looking: a process, a file."""
    while not holds():  # noqa: ASYNC110 - nobody in this process could set an event
        await anyio.sleep(every_s)
