"""The workers of the platform on this machine: all of them host the same services and share the partitions."""

from collections import deque
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Final

import anyio
from anyio import TASK_STATUS_IGNORED
from anyio.abc import TaskGroup, TaskStatus
from msgspec.structs import replace

from nexus_actors.local.errors import CannotStart
from nexus_actors.local.home import Home
from nexus_actors.local.log_file import last_lines, put_aside
from nexus_actors.local.plan import Plan
from nexus_actors.local.report import Kind, News, Report
from nexus_actors.local.restart_policy import Restart, RestartPolicy
from nexus_actors.local.run_state import WorkerState
from nexus_actors.local.worker_process import WorkerProcess

READY_WITHIN_S: Final = 60.0
_MARGIN_S: Final = 5.0
_LOGS_EVERY_S: Final = 60.0
_SHOWN_LINES: Final = 15


class WorkerPool:
    """Starts as many workers as the plan says, and starts again those that end, for ever: one that ends again and again takes
    nothing else along.

    Args:
        changed: called after every change of `states`.
        policy: when a worker that has ended is started again.
    """

    def __init__(
        self, plan: Plan, home: Home, report: Report, changed: Callable[[], None], policy: RestartPolicy | None = None
    ) -> None:
        self._policy = policy or RestartPolicy()
        self._plan = plan
        self._home = home
        self._report = report
        self._changed = changed
        self._states: dict[int, WorkerState] = {}
        self._processes: dict[int, WorkerProcess] = {}

    def states(self) -> tuple[WorkerState, ...]:
        """How each worker stands."""
        return tuple(self._states[number] for number in sorted(self._states))

    async def start(self, tasks: TaskGroup, environ: Mapping[str, str]) -> None:
        """Start all workers, and keep them running in these tasks.

        Raises:
            CannotStart: one does not start.
        """
        tasks.start_soon(self._keep_logs_short)
        async with anyio.create_task_group() as starting:
            for number in range(1, self._plan.settings.workers + 1):
                starting.start_soon(tasks.start, self._keep, number, environ)

    async def stop(self, drain_s: float) -> None:
        """Let all workers drain and end."""
        async with anyio.create_task_group() as tasks:
            for number in list(self._processes):
                tasks.start_soon(self._stop, number, drain_s + _MARGIN_S)

    def kill(self) -> None:
        """End all workers at once."""
        for process in self._processes.values():
            process.kill()

    async def _keep(
        self, number: int, environ: Mapping[str, str], *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED
    ) -> None:
        if not await self._spawn(number, environ).is_ready(READY_WITHIN_S):
            raise CannotStart(f"Worker {number} does not start. {self._said(number)}")
        self._tell("step", f"Worker {number} is ready (process {self._processes[number].pid})")
        task_status.started()
        runs = deque[float](maxlen=self._policy.limit)
        ready_at: float | None = monotonic()
        for restarts in count(1):
            why = await self._end(number)
            runs.append(0.0 if ready_at is None else monotonic() - ready_at)
            self._forget(number)
            restart = self._policy.restart(runs)
            self._tell_of_end(number, why, restart)
            await anyio.sleep(restart.wait_s)
            ready_at = None
            if await self._spawn(number, environ, restarts).is_ready(READY_WITHIN_S):
                ready_at = monotonic()
                self._tell("notice", f"Worker {number} is ready again (process {self._processes[number].pid})")

    async def _end(self, number: int) -> str:
        """Wait for a worker's end; why it ended. One that has run well for a while has no trouble any more."""
        process = self._processes[number]
        if self._states[number].trouble:
            with anyio.move_on_after(self._policy.window_s):
                return await process.end()
            self._note(number, trouble="")
        return await process.end()

    def _tell_of_end(self, number: int, why: str, restart: Restart) -> None:
        if not restart.failed:
            self._tell("notice", f"Worker {number} ended ({why}) and is started again. See {self._log(number)}.")
            return
        if not self._states[number].trouble:
            text = (
                f"Worker {number} ended {self._policy.limit} times in a row, at last with {why}. All else goes on; it is tried "
                f"again every {restart.wait_s:g} s. Mend what its log tells, or stop with: nexus down. {self._said(number)}"
            )
            self._tell("notice", text)
        self._note(number, trouble=why)

    def _spawn(self, number: int, environ: Mapping[str, str], restarts: int = 0) -> WorkerProcess:
        process = WorkerProcess(self._plan.names, environ, self._log(number))
        self._processes[number] = process
        before = self._states.get(number, WorkerState(number=number))
        self._states[number] = replace(before, pid=process.pid, born_at=process.born_at, restarts=restarts)
        self._changed()
        return process

    def _note(self, number: int, *, trouble: str) -> None:
        self._states[number] = replace(self._states[number], trouble=trouble)
        self._changed()

    def _forget(self, number: int) -> None:
        self._processes.pop(number).close()
        self._states[number] = replace(self._states[number], pid=None, born_at=None)
        self._changed()

    async def _stop(self, number: int, patience_s: float) -> None:
        await self._processes[number].stop(patience_s)
        self._forget(number)
        self._tell("step", f"Worker {number} has stopped")

    async def _keep_logs_short(self) -> None:
        while True:
            await anyio.sleep(_LOGS_EVERY_S)
            for number in self._states:
                put_aside(self._log(number))

    def _log(self, number: int) -> Path:
        return self._home.log_of(f"worker-{number}")

    def _said(self, number: int) -> str:
        lines = "\n".join(f"  {line}" for line in last_lines(self._log(number), _SHOWN_LINES))
        return f"Its log {self._log(number)} ends with:\n{lines}"

    def _tell(self, kind: Kind, text: str) -> None:
        self._report.tell(News(kind=kind, text=text))
