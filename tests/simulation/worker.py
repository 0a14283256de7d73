"""A worker of the simulation: the runtime's own loops, lease keeper and janitors, far from the servers."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from random import Random

import anyio

from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.memory import MemoryCheckpoints, MemoryDatabase, MemoryLeaseStore, MemoryTurnStore
from nexus_actors.retry import RetryPolicy
from nexus_actors.runtime.assembly import LoopSettings, assemble
from nexus_actors.runtime.leases import LeaseKeeper, Ownership, WorkerInfo
from nexus_actors.runtime.loop import ServiceLoop
from nexus_actors.runtime.supervisor import supervise
from nexus_actors.runtime.trimmer import Trimmer
from nexus_actors.service import Service
from nexus_actors.telemetry.metrics import Metrics
from nexus_actors.telemetry.spans import NoSpans
from tests.simulation.adapters import FarCheckpoints, FarLeases, FarStreams, FarTurns
from tests.simulation.network import Killed, Line, Network
from tests.simulation.trace import Trace, TraceLog
from tests.simulation.watched import WatchedStreams

BEGAN_AT = datetime(2026, 1, 1, tzinfo=UTC)
DRAIN_S = 10.0
_METRICS = Metrics()


def _info(name: str, services: list[Service], now: datetime) -> WorkerInfo:
    names = tuple(service.name for service in services)
    return WorkerInfo(worker_id=name, host="here", pid=1, version="1", services=names, started_at=now)


class SimWorker:
    """One worker process.

    Attributes:
        skew_s: by how much its clock is wrong.
    """

    def __init__(
        self,
        name: str,
        services: list[Service],
        network: Network,
        database: MemoryDatabase,
        streams: WatchedStreams,
        chance: Random,
        trace: Trace,
    ) -> None:
        self.name = name
        self.line = Line(name)
        self.skew_s = 0.0
        self._log = TraceLog(trace, name)
        self._scope = anyio.CancelScope()
        far = FarStreams(network, self.line, streams)
        info = _info(name, services, self.clock())
        self.ownerships = {service.name: Ownership() for service in services}
        settings = LoopSettings(batch_size=chance.choice([2, 8, 256]), retry=RetryPolicy(max_attempts=3, max_s=2.0))
        self.loops: dict[str, ServiceLoop] = {
            service.name: assemble(
                service,
                turn_store=FarTurns(network, self.line, MemoryTurnStore(service.name, database)),
                streams=far,
                ownership=self.ownerships[service.name],
                settings=settings,
                clock=self.clock,
                chance=chance.random,
                log=self._log,
                metrics=_METRICS.service(service.name),
                spans=NoSpans(chance.randbytes),
                stopwatch=anyio.current_time,
            )
            for service in services
        }
        checkpoints = FarCheckpoints(network, self.line, MemoryCheckpoints(database))
        self._janitors = {service.name: Trimmer(service, checkpoints, far, self.clock, self._log) for service in services}
        leases = FarLeases(network, self.line, MemoryLeaseStore(database))
        self.keeper = LeaseKeeper(leases, info, services, self.ownerships, self.clock, self._log)

    @property
    def alive(self) -> bool:
        return not self.line.dead and not self._scope.cancel_called

    def clock(self) -> datetime:
        """What this machine's clock says."""
        return BEGAN_AT + timedelta(seconds=anyio.current_time() + self.skew_s)

    async def run(self) -> None:
        """Run until it is stopped, drained or killed."""
        with self._scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._task, "leases", self.keeper.run)
                for name, loop in self.loops.items():
                    tasks.start_soon(self._task, f"loop {name}", loop.run)
                    janitor = self._janitors[name]
                    tasks.start_soon(self._task, f"janitor {name}", lambda j=janitor, lo=loop: j.run(lo.partitions))

    async def _task(self, name: str, task: Callable[[], Awaitable[None]]) -> None:
        try:
            await supervise(name, task, self._log)
        except Killed:
            return

    async def drain(self) -> None:
        """Hand everything over and end, as a worker does that is asked to stop."""
        try:
            with anyio.move_on_after(DRAIN_S):
                await self.keeper.drain()
        except Killed:
            return
        except DatabaseUnavailable as error:
            self._log.warning("left_without_a_word", error=str(error))
        self._scope.cancel()

    def kill(self) -> None:
        """End at once, wherever it is."""
        self.line.dead = True
        self.line.thaw()
        self._scope.cancel()
