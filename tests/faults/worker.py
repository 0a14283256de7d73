"""A worker process under fault: `python -m tests.faults.worker`. SIGTERM lets it drain."""

import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from typing import Final

import anyio
import structlog

from nexus_actors.runtime import trimmer
from nexus_actors.service import Service
from nexus_actors.settings.config import Settings
from nexus_actors.telemetry.logs import configure_logs
from nexus_actors.worker import WorkerOptions, open_worker
from tests.faults.archive.service import service as archive
from tests.faults.ledger.service import service as ledger
from tests.faults.tally.service import service as tally
from tests.faults.tuning import Tuning

TRIM_EVERY: Final = "FAULTS_TRIM_EVERY_S"
READY: Final = "worker_ready"


async def main(services: Sequence[Service]) -> None:
    """Run services until SIGTERM."""
    settings = Settings.load()
    tuning = Tuning.take()
    configure_logs(level=settings.log_level, form="json", output=sys.stdout.buffer, now=tuning.now, process="worker")
    trimmer.INTERVAL_S = float(os.environ[TRIM_EVERY])
    log = structlog.get_logger()
    with anyio.open_signal_receiver(signal.SIGTERM) as signals:
        async with open_worker(settings, services, WorkerOptions(clock=tuning.now)) as worker, worker.running():
            log.info(READY, worker_id=worker.info.worker_id)
            async for _ in signals:
                log.info("worker_draining")
                break
    log.info("worker_stopped")


if __name__ == "__main__":
    anyio.run(partial(main, [ledger, tally, archive]), backend_options={"use_uvloop": True})
