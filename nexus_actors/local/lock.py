"""A lock between processes that ends with its holder, however that one ends."""

import fcntl
import os
from pathlib import Path
from time import monotonic

import anyio

_PATIENCE_S = 0.5
_LOOK_AGAIN_S = 0.02


class FileLock:
    """An advisory lock on a file (flock(2)), which carries the holder's process id."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: int | None = None

    async def claim(self) -> bool:
        """Take the lock; False where another process has it. Waits a moment, for somebody may just be looking at it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = monotonic() + _PATIENCE_S
        while not _try_lock(descriptor, fcntl.LOCK_EX):
            if monotonic() > deadline:
                os.close(descriptor)
                return False
            await anyio.sleep(_LOOK_AGAIN_S)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._held = descriptor
        return True

    def release(self) -> None:
        """Give the lock back. Harmless where it is not held."""
        if self._held is not None:
            os.ftruncate(self._held, 0)
            os.close(self._held)
            self._held = None

    def is_held(self) -> bool:
        """Whether any process holds it now."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            return not _try_lock(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)

    def holder(self) -> int | None:
        """The process id of the holder, where there is one and it has written it down."""
        if not self.is_held():
            return None
        text = self._path.read_text().strip()
        return int(text) if text.isdecimal() else None


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
