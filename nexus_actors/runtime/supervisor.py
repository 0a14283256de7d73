"""Supervision: a loop that breaks is started again, and one that breaks too often ends the process."""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from nexus_actors.errors import NexusError
from nexus_actors.failures.blame import blamed
from nexus_actors.runtime.trouble import Trouble, is_dependency

RESTARTS = 5
WITHIN_S = 60.0
_WAIT_S = 0.5
_DEPENDENCY_WAIT_S = 1.0


class TooManyRestarts(NexusError):
    """A supervised task broke too often. The process is to end, so that whatever runs it starts it afresh."""


async def supervise(name: str, task: Callable[[], Awaitable[None]], log: Any) -> None:  # noqa: ANN401
    """Run a task that should never end; start it again when it breaks. One that lacks a dependency has not broken: it waits.

    Raises:
        TooManyRestarts: it broke more than five times within a minute.
    """
    trouble = Trouble(log)
    broken_at: deque[float] = deque(maxlen=RESTARTS + 1)
    while True:
        try:
            await task()
        except BaseException as raised:
            error = blamed(raised)
            if is_dependency(error):
                # It comes back by itself, and a restart of the process would not bring it.
                trouble.met("task_waits", error, task=name)
                await anyio.sleep(_DEPENDENCY_WAIT_S)
                continue
            log.exception("task_broke", task=name, error=str(error))
            broken_at.append(anyio.current_time())
            if len(broken_at) > RESTARTS and broken_at[-1] - broken_at[0] < WITHIN_S:
                raise TooManyRestarts(
                    f"{name} broke {len(broken_at)} times within {WITHIN_S:g} s, last with: {error}. See the log."
                ) from error
            await anyio.sleep(_WAIT_S)
        else:
            return
