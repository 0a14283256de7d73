"""What a killed supervisor left behind."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import psutil
import pytest
from msgspec.structs import replace

from nexus_actors.local.home import Home
from nexus_actors.local.leftovers import end_servers, end_workers
from nexus_actors.local.run_state import RunState, WorkerState
from tests.nexus_actors.local.states import STATE

pytestmark = pytest.mark.anyio


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.make()
    return made


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def state_with(process: subprocess.Popen[bytes], born_later_s: float = 0.0) -> RunState:
    born_at = psutil.Process(process.pid).create_time() + born_later_s
    return replace(STATE, workers=(WorkerState(number=1, pid=process.pid, born_at=born_at), WorkerState(number=2)))


async def test_workers_that_run_on_are_ended(home: Home, worker: subprocess.Popen[bytes]) -> None:
    home.save(state_with(worker))
    with anyio.fail_after(10):
        assert await end_workers(home) == 1
    assert worker.wait(5) != 0
    assert home.state is None


async def test_another_program_with_the_same_process_id_is_left_alone(home: Home, worker: subprocess.Popen[bytes]) -> None:
    home.save(state_with(worker, born_later_s=-100))
    assert await end_workers(home) == 0
    assert worker.poll() is None
    assert home.state is None


async def test_without_a_state_there_is_nothing_to_end(home: Home) -> None:
    assert await end_workers(home) == 0
    await end_servers(home)
