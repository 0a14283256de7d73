"""Loops that break: started again, but not for ever."""

import asyncio

import anyio
import pytest
import structlog

from nexus_actors.runtime.supervisor import RESTARTS, WITHIN_S, TooManyRestarts, supervise

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("hurry")]


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nexus_actors.runtime.supervisor._WAIT_S", 0.001)


class Breaking:
    """A task that breaks so many times, and then ends."""

    def __init__(self, times: int, end: BaseException | None = None) -> None:
        self.times = times
        self.end = end
        self.runs = 0

    async def __call__(self) -> None:
        self.runs += 1
        if self.runs <= self.times:
            raise self.end or ValueError(f"broken {self.runs}")


async def test_a_task_that_breaks_is_started_again() -> None:
    task = Breaking(RESTARTS)
    await supervise("loop", task, structlog.get_logger())
    assert task.runs == RESTARTS + 1


async def test_a_task_that_breaks_too_often_ends_the_process() -> None:
    task = Breaking(RESTARTS + 1)
    with pytest.raises(TooManyRestarts, match=f"loop broke {RESTARTS + 1} times within .* last with: broken {RESTARTS + 1}"):
        await supervise("loop", task, structlog.get_logger())
    assert task.runs == RESTARTS + 1


async def test_breaks_that_lie_far_apart_end_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    instants = iter(range(0, 10_000, int(WITHIN_S / RESTARTS) + 1))
    monkeypatch.setattr(anyio, "current_time", lambda: float(next(instants)))
    task = Breaking(4 * RESTARTS)
    await supervise("loop", task, structlog.get_logger())
    assert task.runs == 4 * RESTARTS + 1


async def test_a_task_is_broken_off_with_its_supervisor() -> None:
    with anyio.move_on_after(0.05) as scope:
        await supervise("loop", anyio.sleep_forever, structlog.get_logger())
    assert scope.cancelled_caught


@pytest.mark.parametrize("end", [asyncio.CancelledError("told to"), SystemExit(0), GeneratorExit()], ids=repr)
async def test_a_task_that_ends_itself_or_the_process_has_broken(end: BaseException) -> None:
    task = Breaking(RESTARTS, end)
    await supervise("loop", task, structlog.get_logger())
    assert task.runs == RESTARTS + 1
