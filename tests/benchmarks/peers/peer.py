"""What every peer in the benchmark has: ways to be measured, and a worker that can be killed."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

import anyio
from msgspec import Struct

WITHIN_S: Final = 120.0

Figures = Sequence[float]
"""What a measurement gives: messages per second, or how many seconds each question took."""

Effect = Callable[[str, int], Awaitable[None]]
"""What a message does in a worker that is killed: its key, its number."""

Send = Callable[[str, int], Awaitable[None]]
"""Hands over a message: its key, its number. It returns once the message is confirmed."""


class Way(Struct, frozen=True):
    """A way to set a peer up that may be its fastest: its name, and a measurement by the server's URL and a count."""

    name: str
    measure: Callable[[str, int], Awaitable[Figures]]


class Peer(Struct, frozen=True, kw_only=True):
    """A library that does a part of what Nexus COS does.

    Attributes:
        libraries: what takes part, by distribution.
        measurements: the ways of each measurement that it has.
        keeping: its documented settings for losing nothing when a worker is killed, in words; they hold for `serve`.
        sender: hands messages over, at a server's URL.
        serve: handles messages for ever; the effect is awaited for each.
    """

    name: str
    libraries: tuple[str, ...]
    measurements: Mapping[str, tuple[Way, ...]]
    keeping: str
    sender: Callable[[str], AbstractAsyncContextManager[Send]]
    serve: Callable[[str, Effect], Awaitable[None]]


class Sink:
    """Where messages end. It holds the first ones back until the clock runs.

    Attributes:
        arrived: set once the first one is here.
    """

    def __init__(self, expected: int) -> None:
        self.arrived = anyio.Event()
        self._running = anyio.Event()
        self._done = anyio.Event()
        self._left = expected

    async def take(self, count: int = 1) -> None:
        """So many have arrived."""
        if not self._running.is_set():
            self.arrived.set()
            await self._running.wait()
        self._left -= count
        if self._left <= 0:
            self._done.set()

    async def drain(self) -> float:
        """Let them come, and wait for the last one; how many seconds that took."""
        started = time.perf_counter()
        self._running.set()
        with anyio.fail_after(WITHIN_S):
            await self._done.wait()
        return time.perf_counter() - started


class Point(Struct, frozen=True):
    """The report of a vehicle, as ours is."""

    vehicle: str
    lat: float
    lon: float


def points(count: int) -> list[Point]:
    """Reports of a thousand vehicles in turn."""
    return [Point(vehicle=f"v{number % 1_000}", lat=45.276, lon=13.7215) for number in range(count)]


async def one_by_one(count: int, send: Callable[[Point], Awaitable[object]]) -> Figures:
    """Messages per second, each awaited before the next."""
    messages = points(count)
    started = time.perf_counter()
    for point in messages:
        await send(point)
    return [count / (time.perf_counter() - started)]


async def questions(count: int, ask: Callable[[], Awaitable[object]]) -> Figures:
    """How many seconds each of so many questions took, one after the other; some go before them to warm up."""
    for _ in range(count // 10 + 1):
        await ask()
    took_s: list[float] = []
    for _ in range(count):
        started = time.perf_counter()
        await ask()
        took_s.append(time.perf_counter() - started)
    return took_s
