"""A worker process from its start to its end."""

import signal
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

import anyio
import structlog

from nexus_actors.failures.blame import signals_handled
from nexus_actors.service import Service
from nexus_actors.settings.config import Settings
from nexus_actors.worker.faces import Faces
from nexus_actors.worker.heap import steady_heap
from nexus_actors.worker.open_files import allow_connections
from nexus_actors.worker.worker import open_worker

BEAT_S: Final = 5.0


async def run_worker(
    settings: Settings,
    services: Sequence[Service],
    ready: Callable[[], None] = lambda: None,
    beat: Callable[[], None] = lambda: None,
) -> None:
    """Host services until SIGTERM or SIGINT, then drain: take no more requests, finish, hand the partitions over.

    A worker that has not started yet has nothing to drain, and breaks off what it waits for: a database that is away, say, or
    a migration of another worker.

    Args:
        ready: called once all services are served.
        beat: called every few seconds while the loops of all services make progress.

    Raises:
        CannotListen: a port is taken.
        TooManyRestarts: a loop broke too often.
        ConfigError, DatabaseUnavailable: see `open_worker`.
    """
    log = structlog.get_logger()
    if not allow_connections(settings.http_connections * len(services)):
        log.warning("few_open_files", advice="Raise the limit of open files (ulimit -Hn), or lower NEXUS_HTTP_CONNECTIONS.")
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals, signals_handled():
        async with anyio.create_task_group() as tasks:
            stop = _Stop(tasks.cancel_scope)
            tasks.start_soon(stop.listen, signals)
            async with open_worker(settings, services) as worker:
                faces = Faces(worker)
                async with worker.running(), faces.serving():
                    stop.breaks_off = False
                    with steady_heap():
                        log.info("worker_ready", services=sorted(worker.hosts), worker_id=worker.info.worker_id)
                        ready()
                        tasks.start_soon(_beat, faces, beat)
                        await stop.told.wait()
                    log.info("worker_draining")
                    faces.drain()
            tasks.cancel_scope.cancel()
    log.info("worker_stopped")


class _Stop:
    """What a signal does.

    Attributes:
        told: the worker was told to stop.
        breaks_off: to be told ends everything at once.
    """

    def __init__(self, everything: anyio.CancelScope) -> None:
        self.told = anyio.Event()
        self.breaks_off = True
        self._everything = everything

    async def listen(self, signals: AsyncIterator[signal.Signals]) -> None:
        """Wait for the first signal."""
        async for _ in signals:
            self.told.set()
            if self.breaks_off:
                self._everything.cancel()
            return


async def _beat(faces: Faces, beat: Callable[[], None]) -> None:
    while True:
        if all(probe.live() for probe in faces.probes.values()):
            beat()
        await anyio.sleep(BEAT_S)
