"""What a platform left behind whose supervisor was killed."""

import contextlib
import signal
from collections.abc import Iterable

import anyio
import psutil

from nexus_actors.embedded import EmbeddedPostgres, EmbeddedRedis
from nexus_actors.embedded.folder import end_leftovers
from nexus_actors.local.home import Home
from nexus_actors.local.run_state import WorkerState

_LOOK_AGAIN_S = 0.05
_DRAIN_S = 20.0
_BORN_WITHIN_S = 1.0


async def end_workers(home: Home) -> int:
    """End the workers that run on without their supervisor, and forget it. The caller holds the lock.

    On Linux they are on their way out by themselves, so this only waits for them; until they are gone they have their ports.

    Returns:
        how many there were.
    """
    state = home.state
    if state is None:
        return 0
    processes = list(_alive(state.workers))
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    with anyio.move_on_after(_DRAIN_S):
        while any(_runs(process) for process in processes):  # noqa: ASYNC110 - they are no children of ours
            await anyio.sleep(_LOOK_AGAIN_S)
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    home.forget_state()
    return len(processes)


async def end_servers(home: Home) -> None:
    """End the embedded servers that run on. The caller holds the lock."""
    await end_leftovers(EmbeddedPostgres(home.postgres).work_folder, EmbeddedPostgres.program, signal.SIGINT)
    await end_leftovers(EmbeddedRedis(home.redis).work_folder, EmbeddedRedis.program, signal.SIGTERM)


def _alive(workers: Iterable[WorkerState]) -> Iterable[psutil.Process]:
    for worker in workers:
        if worker.pid is None or worker.born_at is None:
            continue
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(worker.pid)
            if abs(process.create_time() - worker.born_at) < _BORN_WITHIN_S and _runs(process):
                yield process


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
