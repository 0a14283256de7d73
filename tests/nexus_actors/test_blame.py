"""Telling what code is to blame for from a task that is being ended."""

import asyncio
from collections.abc import Generator

import anyio.lowlevel
import pytest

from nexus_actors.blame import Escaped, blamed, blaming

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
