"""An event loop without a world: its time passes when nothing is left to do, and it does everything in one order."""

import asyncio
import heapq
from asyncio.events import Handle, TimerHandle
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context
from itertools import count
from random import Random
from typing import Any, TypeVarTuple

import anyio

Ts = TypeVarTuple("Ts")


class Deadlock(Exception):
    """Every task waits for another, and no instant is left to wait for."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Callbacks run in the order in which they were asked for, timers in the order of their instants. No thread, no socket.

    When two timers fall due at the same instant, ``chance`` decides which comes first.
    """

    def __init__(self, chance: Random) -> None:
        super().__init__()
        self._chance = chance
        self._now = 0.0
        self._soon: deque[Handle] = deque()
        self._timers: list[tuple[float, float, int, TimerHandle]] = []
        self._numbers = count()

    def time(self) -> float:
        return self._now

    def call_soon(self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None) -> Handle:
        handle = Handle(callback, args, self, context)
        self._soon.append(handle)
        return handle

    def call_soon_threadsafe(self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None) -> Handle:
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> TimerHandle:
        handle = TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, self._chance.random(), next(self._numbers), handle))
        return handle

    def _timer_handle_cancelled(self, handle: TimerHandle) -> None:
        """A cancelled timer is passed over when its time has come."""

    def _run_once(self) -> None:
        """One round of `run_forever`."""
        if not self._soon:
            self._wait()
        for _ in range(len(self._soon)):
            handle = self._soon.popleft()
            if not handle.cancelled():
                handle._run()

    def _wait(self) -> None:
        if not self._timers:
            raise Deadlock("Every task waits for another one, for ever.")
        self._now = max(self._now, self._timers[0][0])
        while self._timers and self._timers[0][0] <= self._now:
            self._soon.append(heapq.heappop(self._timers)[-1])


def run_virtually(main: Callable[[], Awaitable[Any]], chance: Random) -> Any:
    """Run ``main`` to its end on a loop of its own, which starts at 0 s."""
    return anyio.run(main, backend="asyncio", backend_options={"loop_factory": lambda: VirtualLoop(chance)})
