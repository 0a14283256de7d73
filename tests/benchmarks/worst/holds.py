"""How long callbacks hold the thread of an event loop, in processor time."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import Struct


class Hold(Struct, frozen=True):
    """One callback that held the loop.

    Attributes:
        seconds: processor time of the loop's thread from its begin to its end.
        by: the coroutine whose step it was, or the callback.
    """

    seconds: float
    by: str


NOTHING = Hold(0.0, "nothing")


class Holds:
    """Watches the callbacks of the asyncio loops of this thread. uvloop runs its own in C, where none can be watched.

    Processor time, so that neither others on the machine nor waiting for a disk count.
    """

    def __init__(self) -> None:
        self._longest = NOTHING
        self.count = 0

    def take(self) -> Hold:
        """The longest hold since the last call."""
        longest, self._longest = self._longest, NOTHING
        return longest

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch for as long as the context lasts."""
        handle: Any = asyncio.Handle
        plain: Callable[[asyncio.Handle], None] = handle._run

        def run(self_: Any) -> None:
            callback = self_._callback
            started = time.thread_time()
            plain(self_)
            seconds = time.thread_time() - started
            self.count += 1
            if seconds > self._longest.seconds:
                self._longest = Hold(seconds, _name_of(callback))

        handle._run = run
        try:
            yield
        finally:
            handle._run = plain


def _name_of(callback: Any) -> str:
    """The name of a task by who started it, of any other task by its coroutine, and of what is no task by itself."""
    task = getattr(callback, "__self__", None)
    if isinstance(task, asyncio.Task) and not task.get_name().startswith("Task-"):
        return task.get_name()
    named = task.get_coro() if isinstance(task, asyncio.Task) else callback
    return str(getattr(named, "__qualname__", None) or getattr(named, "__name__", None) or type(named).__name__)
