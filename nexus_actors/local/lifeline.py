"""A pipe from a worker to its supervisor: the worker says that it is ready, then that it makes progress, and ends with it.

However a worker ends, the kernel closes its end of the pipe, so its supervisor knows at once.
"""

import os
from typing import Literal

import anyio

_READY = b"r"
_BEAT = b"."

Sign = Literal["ready", "beat", "end"]


class Pulse:
    """The worker's end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        os.set_inheritable(descriptor, False)
        os.set_blocking(descriptor, False)

    def ready(self) -> None:
        """Say that the services are served."""
        self._write(_READY)

    def beat(self) -> None:
        """Say that the loops go round."""
        self._write(_BEAT)

    def _write(self, sign: bytes) -> None:
        try:
            os.write(self._descriptor, sign)
        except (BlockingIOError, BrokenPipeError):
            # The supervisor does not read now, or is gone; then the kernel tells us in another way (see `launch`).
            return


class Lifeline:
    """The supervisor's end."""

    def __init__(self) -> None:
        self._read, self.worker_end = os.pipe()
        os.set_blocking(self._read, False)

    def hand_over(self) -> None:
        """The worker has its end now; close ours of it."""
        os.close(self.worker_end)

    def close(self) -> None:
        """Listen no more."""
        os.close(self._read)

    async def next_sign(self) -> Sign:
        """Wait for the worker's next sign."""
        while True:
            await anyio.wait_readable(self._read)
            try:
                signs = os.read(self._read, 4096)
            except BlockingIOError:
                continue
            if not signs:
                return "end"
            return "ready" if _READY in signs else "beat"
