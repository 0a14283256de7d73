from collections.abc import Sequence

import anyio
import pytest

from bus.errors import BusUnavailable
from bus.position import START, Position
from bus.redis.waiting import Question, Reply, WaitingReads

pytestmark = pytest.mark.anyio


def question(slot: int, position: Position = START) -> Question:
    return Question(slot, ((f"stream-{slot}", position),), 10)


class Slots:
    """Answers questions when it is told to."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self._answers: dict[int, Reply | BusUnavailable] = {}
        self._news = anyio.Event()

    def answer(self, slot: int, with_: Reply | BusUnavailable) -> None:
        self._answers[slot] = with_
        self._news.set()
        self._news = anyio.Event()

    async def ask(self, asked: Question) -> Reply:
        self.asked.append(asked)
        while asked.slot not in self._answers:
            await self._news.wait()
        answer = self._answers.pop(asked.slot)
        if isinstance(answer, BusUnavailable):
            raise answer
        return answer


async def asked_for(slots: Slots, expected: Sequence[Question]) -> None:
    await anyio.wait_all_tasks_blocked()
    assert sorted(slots.asked) == sorted(expected)


async def test_the_first_reply_ends_the_call_and_the_others_wait_on() -> None:
    slots = Slots()
    async with anyio.create_task_group() as tasks:
        reads = WaitingReads(tasks, slots.ask)
        assert await reads.read([question(1), question(2)], 0.01) == []
        slots.answer(2, [["two"]])
        assert await reads.read([question(1), question(2)], 5) == [["two"]]
        slots.answer(1, [["one"]])
        assert await reads.read([question(1), question(2, Position(1, 0))], 5) == [["one"]]
        await asked_for(slots, [question(1), question(2), question(2, Position(1, 0))])
        tasks.cancel_scope.cancel()


async def test_a_reply_that_comes_between_two_calls_is_there_at_the_next() -> None:
    slots = Slots()
    async with anyio.create_task_group() as tasks:
        reads = WaitingReads(tasks, slots.ask)
        await reads.read([question(1)], 0.01)
        slots.answer(1, [["one"]])
        await anyio.wait_all_tasks_blocked()
        assert await reads.read([question(1)], 5) == [["one"]]
        tasks.cancel_scope.cancel()


async def test_what_was_asked_under_another_history_answers_nothing() -> None:
    slots = Slots()
    async with anyio.create_task_group() as tasks:
        reads = WaitingReads(tasks, slots.ask)
        reads.enter("one")
        await reads.read([question(1)], 0.01)
        slots.answer(1, [["gone since"]])
        await anyio.wait_all_tasks_blocked()
        reads.enter("two")
        assert await reads.read([question(1)], 0.01) == []
        slots.answer(1, [["there"]])
        assert await reads.read([question(1)], 5) == [["there"]]
        tasks.cancel_scope.cancel()


async def test_two_who_ask_the_same_at_once_both_get_it() -> None:
    slots = Slots()
    got: list[Reply] = []

    async def read() -> None:
        got.append(await reads.read([question(1)], 5))
        slots.answer(1, [["one"]])

    async with anyio.create_task_group() as tasks:
        reads = WaitingReads(tasks, slots.ask)
        async with anyio.create_task_group() as askers:
            askers.start_soon(read)
            askers.start_soon(read)
            await asked_for(slots, [question(1), question(1)])
            slots.answer(1, [["one"]])
        tasks.cancel_scope.cancel()
    assert got == [[["one"]], [["one"]]]


async def test_a_failed_read_is_told_first_and_the_rest_comes_next() -> None:
    slots = Slots()
    async with anyio.create_task_group() as tasks:
        reads = WaitingReads(tasks, slots.ask)
        await reads.read([question(1), question(2)], 0.01)
        slots.answer(2, [["two"]])
        slots.answer(1, BusUnavailable("away"))
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(BusUnavailable, match="away"):
            await reads.read([question(1), question(2)], 5)
        assert await reads.read([question(1), question(2)], 5) == [["two"]]
        tasks.cancel_scope.cancel()


async def test_a_cancelled_call_leaves_its_reads_waiting() -> None:
    slots = Slots()
    async with anyio.create_task_group() as tasks:
        reads = WaitingReads(tasks, slots.ask)
        for _ in range(3):
            with anyio.move_on_after(0.01):
                await reads.read([question(1)], 5)
        await asked_for(slots, [question(1)])
        slots.answer(1, [["one"]])
        assert await reads.read([question(1)], 5) == [["one"]]
        tasks.cancel_scope.cancel()


async def test_a_read_that_nobody_wants_any_more_is_not_sent_again() -> None:
    slots = Slots()
    async with anyio.create_task_group() as tasks:
        reads = WaitingReads(tasks, slots.ask)
        await reads.read([question(1)], 0.01)
        slots.answer(1, [])
        await asked_for(slots, [question(1)])
        assert await reads.read([question(1)], 0.01) == []
        await asked_for(slots, [question(1), question(1)])
        tasks.cancel_scope.cancel()
