"""A bell: turns ring it when they have started or cancelled jobs on this worker."""

import anyio


class Bell:
    """Wakes those who wait. A ring between listening and waiting is heard."""

    def __init__(self) -> None:
        self._next = anyio.Event()

    def listen(self) -> anyio.Event:
        """What the next ring sets."""
        return self._next

    def ring(self) -> None:
        """Wake all who listen."""
        rung, self._next = self._next, anyio.Event()
        rung.set()
