"""A worker that ends again and again: told, tried again, and nothing else stops for it."""

from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from nexus_actors.local import worker_pool
from nexus_actors.local.errors import CannotStart
from nexus_actors.local.home import Home
from nexus_actors.local.plan import make_plan
from nexus_actors.local.report import News
from nexus_actors.local.restart_policy import RestartPolicy
from nexus_actors.local.worker_pool import WorkerPool
from nexus_actors.platform.loading import load_catalogue

pytestmark = pytest.mark.anyio

QUICK = RestartPolicy(limit=3, window_s=0.05, base_s=0, max_s=0, failed_s=0)


class Workers:
    """The processes of a pool: each does what the next word says, and the last one whatever is left to say."""

    def __init__(self, *lives: str) -> None:
        self.lives = list(lives)
        self.born = 0

    def __call__(self, *_: object) -> "Worker":
        self.born += 1
        return Worker(self.born, self.lives.pop(0) if self.lives else "stays")


class Worker:
    """One process."""

    def __init__(self, pid: int, life: str) -> None:
        self.pid = pid
        self.born_at = 0.0
        self._life = life
        self._stopped = anyio.Event()

    async def is_ready(self, _: float) -> bool:
        await anyio.lowlevel.checkpoint()
        return self._life != "breaks"

    async def end(self) -> str:
        if self._life == "stays":
            await self._stopped.wait()
        await anyio.lowlevel.checkpoint()
        return f"exit code {self.pid}"

    async def stop(self, _: float) -> None:
        self._stopped.set()

    def close(self) -> None:
        self._stopped.set()


class Stage:
    """A pool of one worker, and what is told of it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, *lives: str) -> None:
        self.workers = Workers(*lives)
        patch.setattr(worker_pool, "WorkerProcess", self.workers)
        home = Home(folder)
        home.make()
        plan = make_plan(load_catalogue(), home, {"NEXUS_DATA_DIR": str(folder)})
        self.told: list[str] = []
        self.pool = WorkerPool(plan, home, self, lambda: None, QUICK)

    def tell(self, news: News) -> None:
        self.told.append(news.text)

    async def run_until(self, holds: Callable[[], bool]) -> None:
        async with anyio.create_task_group() as tasks:
            await self.pool.start(tasks, {})
            with anyio.fail_after(20):
                while not holds():  # noqa: ASYNC110 - nobody tells
                    await anyio.sleep(0.005)
            tasks.cancel_scope.cancel()

    @property
    def trouble(self) -> str:
        return self.pool.states()[0].trouble


async def test_a_worker_that_ends_again_and_again_is_told_of_once_and_tried_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path, monkeypatch, "ends", *["breaks"] * 9)
    await stage.run_until(lambda: stage.workers.born > 9)
    assert stage.trouble.startswith("exit code")
    [text] = [text for text in stage.told if "3 times in a row" in text]
    assert "All else goes on" in text
    assert "exit code 3" in text


async def test_a_worker_that_runs_well_for_a_while_has_no_trouble_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path, monkeypatch, "ends", "breaks", "breaks", "stays")
    await stage.run_until(lambda: stage.workers.born == 4 and stage.trouble == "")
    state = stage.pool.states()[0]
    assert (state.pid, state.restarts) == (4, 3)


async def test_a_platform_whose_worker_cannot_start_at_all_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path, monkeypatch, "breaks")
    with pytest.RaisesGroup(pytest.RaisesGroup(CannotStart)):
        await stage.run_until(lambda: False)
