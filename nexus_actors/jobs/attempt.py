"""One attempt at a job: its process from the beginning to the end, under a lease."""

import signal
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from time import monotonic
from typing import Any, Final, Literal

import anyio
from msgspec import Raw, Struct

from bus import ContractError
from bus.text import error_text, storable
from nexus_actors.jobs.frames import LONGEST_NOTE, Failed, Frame, GarbledFrame, Order, Reported, Returned, Stopped
from nexus_actors.jobs.output import LeftOut
from nexus_actors.jobs.process import WorkProcess, open_process
from nexus_actors.jobs.store import Claim, Kept
from nexus_actors.jobs.telling import Telling
from nexus_actors.jobs.work import Progress

CANCEL_S: Final = 5.0
"""So long a cancelled work may take to its next report and its cleaning up, before it is told to end by SIGTERM."""
GRACE_S: Final = 2.0
"""So long a work may take to end after SIGTERM, before it is killed."""
PROGRESS_S: Final = 1.0
_EXIT_S: Final = 2.0
_LINES_S: Final = 1.0


class Verdict(Struct, frozen=True, kw_only=True):
    """How an attempt went.

    Attributes:
        kind: ``done``; ``failed``; ``cancelled``; ``drained``: the worker ends, and the job is for another one; ``newer``: it
            is for a worker of a newer release; ``lost``: it may be another worker's by now.
        final: of a failure: another attempt will not help.
        after_s: of a failure: how long the next attempt is to wait, where the work has said so.
        report: what tells the actor of the result, where it is done.
    """

    kind: Literal["done", "failed", "cancelled", "drained", "newer", "lost"]
    error: str = ""
    final: bool = False
    after_s: float | None = None
    report: bytes | None = None


class Attempt:
    """See the module.

    Args:
        valid_until: the end of the lease by ``time.monotonic``.
        publish: puts an envelope into the service's stream; it raises nothing where that fails.
    """

    def __init__(
        self,
        claim: Claim,
        telling: Telling,
        valid_until: float,
        publish: Callable[[bytes], Awaitable[None]],
        log: Any,  # noqa: ANN401
    ) -> None:
        self.claim = claim
        self.telling = telling
        self._work = telling.work
        self._publish = publish
        self._log = log
        self._process: WorkProcess | None = None
        self._valid_until = valid_until
        self._progress = Progress(fraction=0.0, note="")
        self._moved = anyio.Event()
        self._wanted = anyio.Event()
        self._ended = anyio.Event()
        self._read_out = anyio.Event()
        self._how = "has not ended"
        self._cancelled = False
        self._draining = False
        self._lost = False
        self._problem: Verdict | None = None

    @property
    def kept(self) -> Kept:
        """What is to be renewed, and noted with it."""
        progress = self._progress
        return Kept(self.claim.job_id, self.claim.generation, progress.fraction, progress.note)

    async def renewed(self, valid_until: float, *, cancel: bool) -> None:
        """The lease has been renewed; perhaps the job is to be cancelled."""
        self._valid_until = valid_until
        if self._process is not None:
            await self._process.beat(valid_until)
        if cancel and not self._cancelled:
            self._cancelled = True
            self._wanted.set()

    def lose(self) -> None:
        """The job is not this worker's any more."""
        self._lost = True
        self._kill()

    def drain(self) -> None:
        """The worker ends."""
        self._draining = True
        self._wanted.set()

    async def run(self) -> Verdict:
        """Do it. When this returns, no process of it is left."""
        async with open_process(type(self._work).reference()) as process:
            self._process = process
            async with anyio.create_task_group() as tasks:
                for task in (self._read_lines, self._await_end, self._tell_progress, self._limit, self._expire, self._obey):
                    tasks.start_soon(task, process)
                await process.begin(Order(envelope=Raw(self.claim.body), valid_until=self._valid_until))
                said = await self._listen(process)
                tasks.cancel_scope.cancel()
        return self._judge(said)

    async def _listen(self, process: WorkProcess) -> Frame | None:
        """What the work has to say in the end; None where it ends without a word."""
        said: Frame | None = None
        try:
            async with aclosing(process.frames()) as frames:
                async for frame in frames:
                    if not isinstance(frame, Reported):
                        said = frame
                        break
                    self._progress = Progress(fraction=frame.fraction, note=storable(frame.note, LONGEST_NOTE))
                    self._moved.set()
        except GarbledFrame as error:
            said = Failed(error=str(error))
            self._kill()
        with anyio.move_on_after(_EXIT_S):
            await self._ended.wait()
        with anyio.move_on_after(_LINES_S):
            await self._read_out.wait()
        return said

    def _judge(self, said: Frame | None) -> Verdict:
        if self._lost:
            return Verdict(kind="lost")
        if isinstance(said, Returned) and self._problem is None:
            try:
                return Verdict(kind="done", report=self.telling.done(said))
            except ContractError as error:
                return Verdict(kind="failed", error=str(error), final=True)
        if monotonic() >= self._valid_until:
            return Verdict(kind="lost")
        return self._without_result(said)

    def _without_result(self, said: Frame | None) -> Verdict:
        if self._cancelled:
            return Verdict(kind="cancelled")
        if self._draining:
            return Verdict(kind="drained")
        if self._problem is not None:
            return self._problem
        if isinstance(said, Failed):
            return Verdict(kind="failed", error=said.error, final=said.final, after_s=said.after_s)
        if isinstance(said, Stopped):
            return Verdict(kind="failed", error="The work stopped as if it had been cancelled, and it was not.")
        return Verdict(kind="failed", error=f"The process of the work {self._how} and had not said how it went.")

    async def _read_lines(self, process: WorkProcess) -> None:
        async for said in process.output():
            if isinstance(said, LeftOut):
                self._log.warning("job_output_left_out", lines=said.lines, note=f"{said}")
            else:
                self._log.info("job_output", line=said)
        self._read_out.set()

    async def _await_end(self, process: WorkProcess) -> None:
        """Once the work has ended, end what it has left running: that might keep its pipes open."""
        self._how = await process.ended()
        self._ended.set()

    async def _tell_progress(self, process: WorkProcess) -> None:
        number = 0
        while True:
            await self._moved.wait()
            self._moved = anyio.Event()
            number += 1
            try:
                body = self.telling.progress(self._progress, number)
            except Exception as error:  # noqa: BLE001 - whatever the work raises
                self._problem = Verdict(kind="failed", error=f"{type(error).__name__}: {error_text(error)}", final=True)
                process.signal(signal.SIGKILL)
                return
            if body is not None and monotonic() < self._valid_until and not self._lost:
                await self._publish(body)
            await anyio.sleep(PROGRESS_S)

    async def _limit(self, process: WorkProcess) -> None:
        limit_s = self._work.time_limit_s
        await anyio.sleep(limit_s)
        self._problem = Verdict(kind="failed", error=f"It took longer than its time limit of {limit_s:g} s.")
        await self._end(process)

    async def _expire(self, process: WorkProcess) -> None:
        """The lease has run out without news: by the time that it is known, another worker may have the job."""
        while (left_s := self._valid_until - monotonic()) > 0:  # noqa: ASYNC110 - it moves meanwhile
            await anyio.sleep(left_s)
        process.signal(signal.SIGKILL)

    async def _obey(self, process: WorkProcess) -> None:
        await self._wanted.wait()
        if not self._draining:
            await process.cancel()
            self._wanted = anyio.Event()
            with anyio.move_on_after(CANCEL_S):
                await self._wanted.wait()
        await self._end(process)

    async def _end(self, process: WorkProcess) -> None:
        process.signal(signal.SIGTERM)
        await anyio.sleep(GRACE_S)
        process.signal(signal.SIGKILL)

    def _kill(self) -> None:
        if self._process is not None:
            self._process.signal(signal.SIGKILL)
