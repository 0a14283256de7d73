"""Which partitions a loop is to own: between the keeper of the leases and the loop."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import anyio


class Ownership:
    """Written by the lease keeper, read by the loop.

    Attributes:
        granted: the partitions that the loop is to own, each with the generation of its lease.
        owned: those that it works on.
        doubted: generations that the loop will not work under again. A commit under one of them may still be on its way, so the
            keeper takes a new one.
        awaited: the types of events that a newer release of the service handles, and this one does not.
        astray: the loop does not reach the streams, and takes no part until it does.
        changed: called when the keeper has something to do.
    """

    def __init__(self) -> None:
        self.granted: dict[int, int] = {}
        self.owned: set[int] = set()
        self.doubted: dict[int, int] = {}
        self.awaited: frozenset[str] = frozenset()
        self.astray = False
        self.changed: Callable[[], None] = lambda: None
        self._reading: anyio.CancelScope | None = None

    def grant(self, granted: Mapping[int, int]) -> None:
        """Change what is granted; a loop that waits for messages meanwhile learns of it at once."""
        for number, generation in granted.items():
            if self.doubted.get(number, generation) != generation:
                del self.doubted[number]
        allowed = {number: generation for number, generation in granted.items() if number not in self.doubted}
        if allowed != self.granted:
            self.granted = allowed
            if self._reading is not None:
                self._reading.cancel()

    def doubt(self, generations: Mapping[int, int]) -> None:
        """Give up generations; new ones are wanted."""
        self.doubted.update(generations)
        self.granted = {number: generation for number, generation in self.granted.items() if number not in generations}
        if generations:
            self.changed()

    def own(self, numbers: set[int]) -> None:
        """The loop works on these now."""
        if numbers != self.owned:
            self.owned = numbers
            self.changed()

    def stray(self, *, astray: bool) -> None:
        """Give all partitions up, or take part again."""
        if astray != self.astray:
            self.astray = astray
            self.changed()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While the loop waits for messages. Breaking off is safe: reading takes nothing away."""
        try:
            with anyio.CancelScope() as self._reading:
                yield
        finally:
            self._reading = None

    @property
    def is_reading(self) -> bool:
        """Whether the loop waits for messages."""
        return self._reading is not None

    @property
    def settled(self) -> bool:
        """Whether the loop works on just what it was granted."""
        return set(self.granted) == self.owned
