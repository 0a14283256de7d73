"""The process of a work, as its worker sees it."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import anyio
from anyio.abc import ByteReceiveStream, Process

from nexus_actors.config import SECRETS, variable
from nexus_actors.jobs.frames import BEAT, CANCEL, SIGN, Frame, Frames, Order, framed, read_frame
from nexus_actors.jobs.guard import DIED

# A work handles data of strangers with native code, so it is not given the keys of the house.
WITHHELD: Final = frozenset({*map(variable, SECRETS), "NEXUS_DATABASE_URL", "NEXUS_REDIS_URL"})
_LONGEST_LINE: Final = 2_000
_GONE_WITHIN_S: Final = 5.0


class WorkProcess:
    """A work under way, and all the processes that it has started.

    Attributes:
        pid: of its guard, which leads their process group.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self.pid = process.pid

    async def begin(self, order: Order) -> None:
        """Have an order done."""
        await self._send(framed(order))

    async def beat(self, valid_until: float) -> None:
        """Let it go on; see `Order.valid_until`."""
        await self._send(SIGN.pack(BEAT, valid_until))

    async def cancel(self) -> None:
        """Have its next report raise `JobCancelled`."""
        await self._send(SIGN.pack(CANCEL, 0.0))

    async def _send(self, data: bytes) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it was opened with a pipe
        try:
            await self._process.stdin.send(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            return  # It has ended; how, its frames and its exit code tell.

    async def frames(self) -> AsyncGenerator[Frame, None]:
        """What it says, until it has ended.

        Raises:
            GarbledFrame: something else came.
        """
        frames = Frames()
        async for piece in _pieces(self._process.stdout):
            for body in frames.feed(piece):
                yield read_frame(body)

    async def lines(self) -> AsyncIterator[str]:
        """What it prints, line by line, each cut after 2000 bytes."""
        rest = b""
        async for piece in _pieces(self._process.stderr):
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield _shown(line)
            rest = rest[:_LONGEST_LINE]
        if rest:
            yield _shown(rest)

    async def ended(self) -> str:
        """Wait for its end, and end what it has left running; how it ended, in a few words."""
        code = await self._process.wait()
        self.signal(signal.SIGKILL)
        number = -code if code < 0 else code - DIED
        if number > 0:
            known = {int(known): known.name for known in signal.Signals}
            return f"was ended by {known.get(number, f'signal {number}')}"
        return f"ended with exit code {code}"

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all its processes."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS says the latter of processes that have ended
            return


@asynccontextmanager
async def open_process(work: str) -> AsyncIterator[WorkProcess]:
    """A process that waits for an order. It is gone, and all that it has started, when the block ends.

    Args:
        work: who is to do it, ``module:attribute``.
    """
    process = await anyio.open_process(
        [sys.executable, "-P", "-m", "nexus_actors.jobs.child", work],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(os.environ, sys.path),
        start_new_session=True,
    )
    opened = WorkProcess(process)
    try:
        yield opened
    finally:
        with anyio.CancelScope(shield=True):
            opened.signal(signal.SIGKILL)
            with anyio.move_on_after(_GONE_WITHIN_S):
                await process.wait()
                # A pipe that is not read to its end is not closed.
                for unread in (process.stdout, process.stderr):
                    async for _ in _pieces(unread):
                        continue
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    await stream.aclose()


def environment(variables: Mapping[str, str], path: Iterable[str]) -> dict[str, str]:
    """The variables of a work: those of its worker without its secrets, and the places where that finds its modules."""
    places = dict.fromkeys(str(Path(place).absolute()) for place in path)
    kept = {name: value for name, value in variables.items() if name not in WITHHELD}
    return {**kept, "PYTHONPATH": os.pathsep.join(places), "PYTHONUNBUFFERED": "1"}


async def _pieces(stream: ByteReceiveStream | None) -> AsyncIterator[bytes]:
    assert stream is not None  # noqa: S101 - it was opened with a pipe
    while True:
        try:
            yield await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            return


def _shown(line: bytes) -> str:
    return line[:_LONGEST_LINE].decode(errors="replace").rstrip()
