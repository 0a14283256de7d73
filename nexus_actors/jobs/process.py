"""The process of a work, as its worker sees it."""

import math
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Final

import anyio
from anyio.abc import ByteReceiveStream, Process

from nexus_actors.jobs.bucket import Bucket
from nexus_actors.jobs.frames import BEAT, CANCEL, SIGN, Frame, Frames, Order, framed, read_frame
from nexus_actors.jobs.guard import DIED
from nexus_actors.jobs.output import SAY_EVERY_S, LeftOut, Output
from nexus_actors.settings.config import SECRETS, variable

# A work handles data of strangers with native code, so it is not given the keys of the house.
WITHHELD: Final = frozenset({*map(variable, SECRETS), "NEXUS_DATABASE_URL", "NEXUS_REDIS_URL"})
READ_PER_S: Final = 1_048_576.0
"""So many bytes a second are read from each of a work's pipes; what writes more waits."""
READ_AT_ONCE: Final = 2_097_152.0
_GONE_WITHIN_S: Final = 5.0
_LOOK_S: Final = 0.02


class WorkProcess:
    """A work under way, and all the processes that it has started.

    Args:
        clock: seconds, by which is measured how much it says.
        pause: waits for some seconds, where it says too much.

    Attributes:
        pid: of its guard, which leads their process group.
    """

    def __init__(self, process: Process, clock: Callable[[], float], pause: Callable[[float], Awaitable[None]]) -> None:
        self._process = process
        self._clock = clock
        self._pause = pause
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
        async for piece in self._pieces(self._process.stdout):
            for body in frames.feed(piece):
                yield read_frame(body)

    async def output(self) -> AsyncGenerator[str | LeftOut, None]:
        """The lines that it prints, as far as they are to be logged, and how many were left out; see `Output`."""
        output = Output(self._clock())
        async for piece in self._pieces(self._process.stderr, SAY_EVERY_S):
            for line in output.feed(piece, self._clock()):
                yield line
                await anyio.lowlevel.checkpoint()
            if said := output.left_out(self._clock()):
                yield said
        for line in output.end(self._clock()):
            yield line
        if said := output.left_out(self._clock(), ended=True):
            yield said

    async def ended(self) -> str:
        """Wait for its end, and end what it has left running; how it ended, in a few words."""
        code = await self._process.wait()
        self.signal(signal.SIGKILL)
        number = -code if code < 0 else code - DIED
        if number > 0:
            known = {int(known): known.name for known in signal.Signals}
            return f"was ended by {known.get(number, f'signal {number}')}"
        return f"ended with exit code {code}"

    async def discard(self) -> None:
        """Read its pipes to their ends: one that is not is not closed."""
        for unread in (self._process.stdout, self._process.stderr):
            async for _ in self._pieces(unread):
                continue

    async def close(self) -> None:
        """Close its pipes."""
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                await stream.aclose()

    async def _pieces(self, stream: ByteReceiveStream | None, quiet_s: float = math.inf) -> AsyncIterator[bytes]:
        """What comes through a pipe, no faster than a worker with much else to do can bear: the pipe is full then, and whoever
        writes waits. After ``quiet_s`` without anything, an empty piece comes.
        """
        assert stream is not None  # noqa: S101 - it was opened with a pipe
        pace = Bucket(READ_PER_S, READ_AT_ONCE, self._clock())
        while True:
            piece = b""
            try:
                with anyio.move_on_after(quiet_s):
                    piece = await stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                return
            yield piece
            await self._pause(pace.take(len(piece), self._clock()))

    async def bury(self) -> None:
        """Take note of the ends of what it had started, where that falls to this process: the first one of a container.

        Nobody else does there, and each of them would stay a zombie and count for the container's limit of processes.
        """
        with anyio.move_on_after(_GONE_WITHIN_S):
            while self._process.returncode is not None and not _is_buried(self.pid):  # noqa: ASYNC110 - nobody tells
                await anyio.sleep(_LOOK_S)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all its processes."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS says the latter of processes that have ended
            return


def _is_buried(group: int) -> bool:
    """Whether this process has no child of a process group any more, once it has taken note of those that have ended."""
    try:
        while os.waitpid(-group, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False


@asynccontextmanager
async def open_process(
    work: str, clock: Callable[[], float] = monotonic, pause: Callable[[float], Awaitable[None]] = anyio.sleep
) -> AsyncIterator[WorkProcess]:
    """A process that waits for an order. It is gone, and all that it has started, when the block ends.

    Args:
        work: who is to do it, ``module:attribute``.
        clock, pause: see `WorkProcess`.
    """
    process = await anyio.open_process(
        [sys.executable, "-P", "-m", "nexus_actors.jobs.child", work],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(os.environ, sys.path),
        start_new_session=True,
    )
    opened = WorkProcess(process, clock, pause)
    try:
        yield opened
    finally:
        with anyio.CancelScope(shield=True):
            opened.signal(signal.SIGKILL)
            with anyio.move_on_after(_GONE_WITHIN_S):
                await process.wait()
                await opened.discard()
            await opened.close()
            await opened.bury()


def environment(variables: Mapping[str, str], path: Iterable[str]) -> dict[str, str]:
    """The variables of a work: those of its worker without its secrets, and the places where that finds its modules."""
    places = dict.fromkeys(str(Path(place).absolute()) for place in path)
    kept = {name: value for name, value in variables.items() if name not in WITHHELD}
    return {**kept, "PYTHONPATH": os.pathsep.join(places), "PYTHONUNBUFFERED": "1"}
