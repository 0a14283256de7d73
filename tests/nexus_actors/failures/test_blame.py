"""Telling what code is to blame for from a task that is being ended."""

import asyncio
from collections.abc import Generator

import anyio.lowlevel
import pytest

from nexus_actors.failures.blame import Escaped, blamed, blaming, own_task, signals_handled, take_back_cancellations

pytestmark = pytest.mark.anyio

ENDS = [
    asyncio.CancelledError(),
    SystemExit(0),
    GeneratorExit(),
    BaseExceptionGroup("", [asyncio.CancelledError(), ValueError()]),
]


@pytest.mark.parametrize("error", ENDS, ids=lambda error: type(error).__name__)
async def test_what_ends_tasks_and_processes_is_blamed_on_who_raised_it(error: BaseException) -> None:
    escaped = blamed(error)
    assert isinstance(escaped, Escaped)
    assert escaped.__cause__ is error
    assert type(error).__name__ in str(escaped)


async def test_an_exception_is_what_it_is() -> None:
    error = ValueError()
    assert blamed(error) is error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BaseExceptionGroup("", [KeyboardInterrupt()])])
async def test_an_interrupt_of_the_process_is_nobodys_fault(error: BaseException) -> None:
    with pytest.raises(type(error)):
        blamed(error)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BaseExceptionGroup("", [KeyboardInterrupt()])])
async def test_an_interrupt_is_blamed_where_signals_are_handled(error: BaseException) -> None:
    with signals_handled():
        assert isinstance(blamed(error), Escaped)


async def test_code_that_cancels_its_own_task_is_to_blame_and_the_task_goes_on() -> None:
    task = own_task()
    before = task.cancelling()
    task.cancel()
    task.cancel()
    with pytest.raises(Escaped, match="cancelled the task that it runs in"):
        await take_back_cancellations(task, before)
    assert task.cancelling() == before
    await anyio.lowlevel.checkpoint()


async def test_a_cancellation_from_outside_is_not_taken_back() -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        await take_back_cancellations(own_task(), own_task().cancelling())
        await anyio.sleep_forever()
    assert scope.cancelled_caught


async def test_a_task_that_is_being_cancelled_ends() -> None:
    reached = False
    with anyio.CancelScope() as scope:
        scope.cancel()
        with blaming():
            await anyio.sleep_forever()
        reached = True
    assert scope.cancelled_caught
    assert not reached


async def test_an_end_of_the_process_is_blamed_even_in_a_task_that_is_being_cancelled() -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        assert isinstance(blamed(SystemExit(0)), Escaped)
        await anyio.lowlevel.checkpoint()


async def test_after_a_time_out_of_its_own_a_task_is_not_being_cancelled() -> None:
    with anyio.move_on_after(0):
        await anyio.sleep_forever()
    assert isinstance(blamed(asyncio.CancelledError()), Escaped)


class Pause:
    """Waits until somebody goes on."""

    def __await__(self) -> Generator[None]:
        yield


def test_a_coroutine_that_is_closed_ends() -> None:
    closed: list[str] = []

    async def waits() -> None:
        try:
            with blaming():
                await Pause()
        finally:
            closed.append("closed")

    coroutine = waits()
    coroutine.send(None)
    coroutine.close()
    assert closed == ["closed"]
