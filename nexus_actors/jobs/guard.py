"""The guard of a work: a process between it and its worker, which does nothing but watch.

It is the first of their process group, so that it can end all of it, programs that the work has started included. It does so
when the worker is gone, or has not prolonged the lease in time: a frozen worker has lost its job to another one, and two must
not do it at once. The work itself could not be trusted with that: native code may keep its threads from running.
"""

import os
import select
import signal
import time
from typing import Final

from nexus_actors.jobs.frames import BEAT, SIGN

_PIECE: Final = 4_096
DIED: Final = 128
"""The guard's exit code is that of the work, or this and the signal that ended it."""


class Guard:
    """Watches over the work, a child of this process.

    Args:
        work: its process id.
        control: whence signs of the worker come.
        cancel: where a cancellation is passed on to.
        woken: is readable after a child has ended.
        valid_until: the end of the lease; see `Order.valid_until`.
    """

    def __init__(self, work: int, control: int, cancel: int, woken: int, valid_until: float) -> None:
        self._work = work
        self._control = control
        self._cancel = cancel
        self._woken = woken
        self._until = valid_until
        self._buffer = b""

    def watch(self) -> int:
        """Wait for the end of the work; what to exit with. It does not return where the guard ends the work."""
        while True:
            left_s = max(0.0, self._until - time.monotonic())
            ready, _, _ = select.select([self._control, self._woken], [], [], left_s)
            if self._woken in ready:
                os.read(self._woken, _PIECE)
                ended, status = os.waitpid(self._work, os.WNOHANG)
                if ended:
                    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else DIED + os.WTERMSIG(status)
            if self._control in ready:
                self._heed(os.read(self._control, _PIECE))
            # Whoever was frozen itself finds the lease run out and the beats waiting.
            if time.monotonic() >= self._until and not select.select([self._control], [], [], 0)[0]:
                end_all()

    def _heed(self, piece: bytes) -> None:
        if not piece:
            end_all()
        self._buffer += piece
        while len(self._buffer) >= SIGN.size:
            kind, valid_until = SIGN.unpack_from(self._buffer)
            self._buffer = self._buffer[SIGN.size :]
            if kind == BEAT:
                self._until = valid_until
            else:
                os.write(self._cancel, b"c")


def end_all() -> None:
    """End the process group, this process included."""
    os.killpg(0, signal.SIGKILL)
