"""Reads that wait for entries, and go on waiting when the one who asked for them has turned to other things."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

import anyio
from anyio.abc import TaskGroup

from bus.errors import BusUnavailable
from bus.position import Position

LINGER_S: Final = 5.0


class Question(NamedTuple):
    """What one read asks: up to ``at_most`` entries of each of the streams of one slot, by their keys, behind positions."""

    slot: int
    after: tuple[tuple[str, Position], ...]
    at_most: int


Reply = list[list[object]]


class _Waiting:
    """One read on its way.

    Attributes:
        era: the history of the store in which it was asked.
        reply: what came, or why nothing will; None while it waits.
        asker: set once the reply is here; None while nobody wants it.
        taken: set once the reply has been handed out.
    """

    def __init__(self, question: Question, era: str) -> None:
        self.question = question
        self.era = era
        self.reply: Reply | BusUnavailable | None = None
        self.asker: anyio.Event | None = None
        self.taken = anyio.Event()


class WaitingReads:
    """Keeps one blocking read for each slot that is asked for, over many calls.

    XREAD reads several streams only where they share a slot, so reading many partitions takes many connections, and the
    first of them that has something ends the call. To break off the others would cost a new connection each, every time. They
    wait on instead, and the next call that asks the same, which is the rule, takes them over. One that nobody asks for
    again ends when its time is over. Reading takes nothing away, so nothing is lost by that.

    Args:
        tasks: where the reads live.
        ask: sends one blocking read; an empty reply when nothing came in its time.
    """

    def __init__(self, tasks: TaskGroup, ask: Callable[[Question], Awaitable[Reply]]) -> None:
        self._tasks = tasks
        self._ask = ask
        self._left: dict[Question, list[_Waiting]] = {}
        self._era = ""

    def enter(self, era: str) -> None:
        """Note the history of the store.

        What was asked under another one answers no question any more: it may show entries that are gone.
        """
        if era != self._era:
            self._era = era
            self._left.clear()

    async def read(self, questions: Sequence[Question], block_s: float) -> Reply:
        """What there is once the first of these questions is answered, or nothing after ``block_s``.

        Raises:
            BusUnavailable: one of the reads failed. What came of the others comes with the next call.
        """
        arrived = anyio.Event()
        reads = [self._take(question, arrived) for question in questions]
        try:
            await anyio.lowlevel.checkpoint()
            if all(read.reply is None for read in reads):
                with anyio.move_on_after(block_s):
                    await arrived.wait()
            failed = next((read for read in reads if isinstance(read.reply, BusUnavailable)), None)
            handed_out = [failed] if failed is not None else [read for read in reads if read.reply is not None]
        except BaseException:
            self._leave(reads)
            raise
        for read in handed_out:
            read.taken.set()
        self._leave([read for read in reads if not read.taken.is_set()])
        return _joined(handed_out)

    def _take(self, question: Question, arrived: anyio.Event) -> _Waiting:
        left = self._left.get(question)
        if left:
            read = left.pop()
            if not left:
                del self._left[question]
        else:
            read = _Waiting(question, self._era)
            self._tasks.start_soon(self._run, read)
        read.asker = arrived
        return read

    def _leave(self, reads: Sequence[_Waiting]) -> None:
        for read in reads:
            read.asker = None
            if read.era == self._era:
                self._left.setdefault(read.question, []).append(read)

    async def _run(self, read: _Waiting) -> None:
        while read.reply is None:
            try:
                read.reply = await self._ask(read.question) or None
            except BusUnavailable as error:
                read.reply = error
            if read.reply is None and read.asker is None:
                break
        if read.reply is not None:
            if read.asker is not None:
                read.asker.set()
            with anyio.move_on_after(LINGER_S):
                await read.taken.wait()
        self._forget(read)

    def _forget(self, read: _Waiting) -> None:
        left = self._left.get(read.question, [])
        if read in left:
            left.remove(read)
            if not left:
                del self._left[read.question]


def _joined(reads: Sequence[_Waiting]) -> Reply:
    joined: Reply = []
    for read in reads:
        if isinstance(read.reply, BusUnavailable):
            raise read.reply
        joined += read.reply or []
    return joined
