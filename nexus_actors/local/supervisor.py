"""The process that runs the platform on this machine: starts it, watches it, stops it."""

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import Final

import anyio

from nexus_actors.local.errors import AlreadyUp, CannotStart
from nexus_actors.local.health import Sighting, look_around
from nexus_actors.local.home import Home
from nexus_actors.local.leftovers import end_servers, end_workers
from nexus_actors.local.plan import Plan
from nexus_actors.local.ports import check_ports
from nexus_actors.local.report import Kind, News, Report
from nexus_actors.local.run_state import Phase, RunState, WorkerState
from nexus_actors.local.servers import Servers
from nexus_actors.local.worker_pool import WorkerPool

HEALTHY_WITHIN_S: Final = 20.0
_LOOK_AGAIN_S: Final = 0.05
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

FirstStart = Callable[[RunState, Plan], Awaitable[None]]
Arrived = Callable[[RunState], Awaitable[None]]


async def _say_nothing(_: RunState) -> None:
    """Whoever listens to the report knows."""


class Supervisor:
    """Runs the platform until a signal says otherwise.

    Args:
        first_start: called when everything is healthy, with what runs: makes the accounts that a new platform needs.
        arrived: called once everything is up.
    """

    def __init__(
        self, plan: Plan, home: Home, report: Report, first_start: FirstStart, arrived: Arrived = _say_nothing
    ) -> None:
        self._plan = plan
        self._home = home
        self._report = report
        self._first_start = first_start
        self._arrived = arrived
        self._servers = Servers(plan.settings, home, report)
        self._workers = WorkerPool(plan, home, report, self._write_down)
        self._phase: Phase = "starting"
        self._started_at = datetime.now(UTC)

    async def run(self) -> tuple[WorkerState, ...]:
        """Start, watch, and stop at the first signal. A second signal ends the workers without letting them drain.

        Returns:
            How the workers stood at the end.

        Raises:
            AlreadyUp: another supervisor has the data folder.
            CannotStart: something does not start, or a server ended too often. Everything has been stopped again.
        """
        async with self._claimed():
            check_ports(self._plan.services, self._plan.settings.host, self._plan.settings.port_offset)
            try:
                with anyio.open_signal_receiver(*_SIGNALS) as signals:
                    await self._run_until(signals)
            except BaseExceptionGroup as group:
                raise _first(group) from None
        return self._workers.states()

    async def _run_until(self, signals: AsyncIterator[signal.Signals]) -> None:
        async with anyio.create_task_group() as watching:
            work = anyio.CancelScope()
            watching.start_soon(self._obey, signals, work)
            try:
                with work:
                    await self._run()
            finally:
                with anyio.CancelScope(shield=True):
                    await self._bring_down()
                watching.cancel_scope.cancel()

    @asynccontextmanager
    async def _claimed(self) -> AsyncIterator[None]:
        home = self._home
        home.make()
        if not await home.lock.claim():
            raise AlreadyUp(str(home.path), home.lock.holder())
        try:
            left = await end_workers(home)
            await end_servers(home)
            if left:
                self._tell("notice", f"The platform was killed the last time; {left} of its workers had to be ended.")
            yield
        finally:
            home.forget_state()
            home.lock.release()

    async def _obey(self, signals: AsyncIterator[signal.Signals], work: anyio.CancelScope) -> None:
        async for _ in signals:
            if work.cancel_called:
                self._workers.kill()
            else:
                self._tell("step", "Stopping")
                work.cancel()

    async def _run(self) -> None:
        began = monotonic()
        await self._servers.start()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._servers.keep)
            await self._workers.start(tasks, self._plan.worker_environ(self._servers.database_url, self._servers.redis_url))
            await self._until_healthy()
            self._tell("step", f"{len(self._plan.services)} services are healthy ({monotonic() - began:.1f} s)")
            await self._first_start(self._state(), self._plan)
            self._phase = "up"
            self._write_down()
            self._tell("up", "")
            await self._arrived(self._state())
            await anyio.sleep_forever()

    async def _until_healthy(self) -> None:
        settings = self._plan.settings
        seen: list[Sighting] = []
        with anyio.move_on_after(HEALTHY_WITHIN_S):
            while True:
                seen = await look_around(self._plan.services, settings.host, settings.port_offset)
                if all(sighting.is_healthy for sighting in seen):
                    return
                await anyio.sleep(_LOOK_AGAIN_S)
        ill = "; ".join(f"{s.service} is {s.state} ({s.detail})" for s in seen if not s.is_healthy)
        raise CannotStart(f"Not healthy after {HEALTHY_WITHIN_S:g} s: {ill}. See {self._home.logs}.")

    async def _bring_down(self) -> None:
        self._phase = "stopping"
        self._write_down()
        await self._workers.stop(self._plan.settings.drain_s)
        await self._servers.stop()

    def _state(self) -> RunState:
        settings = self._plan.settings
        return RunState(
            pid=os.getpid(),
            phase=self._phase,
            started_at=self._started_at,
            services=self._plan.names,
            host=settings.host,
            port_offset=settings.port_offset,
            database_url=self._servers.database_url,
            redis_url=self._servers.redis_url,
            redis_prefix=settings.redis_prefix,
            embedded=tuple(server.title for server in self._servers.embedded),
            workers=self._workers.states(),
        )

    def _write_down(self) -> None:
        self._home.save(self._state())

    def _tell(self, kind: Kind, text: str) -> None:
        self._report.tell(News(kind=kind, text=text))


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What to tell of several things that went wrong at once: why it cannot go on, where that is among them."""
    reasons = group.subgroup(CannotStart)
    found: BaseException = reasons or group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found if reasons else group
