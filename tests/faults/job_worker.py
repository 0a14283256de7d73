"""A worker process that does jobs, under fault: `python -m tests.faults.job_worker`. SIGTERM lets it drain."""

import signal
import sys

import anyio
import structlog

from nexus_actors.settings.config import Settings
from nexus_actors.telemetry.logs import configure_logs
from nexus_actors.worker import open_worker
from nexus_actors.worker.worker import utc_now
from tests.faults.worker import READY
from tests.nexus_actors.jobs.studio.service import service


async def main() -> None:
    """Run the studio until SIGTERM."""
    settings = Settings.load()
    configure_logs(level=settings.log_level, form="json", output=sys.stdout.buffer, now=utc_now, process="worker")
    with anyio.open_signal_receiver(signal.SIGTERM) as signals:
        async with open_worker(settings, [service]) as worker, worker.running():
            structlog.get_logger().info(READY, worker_id=worker.info.worker_id)
            async for _ in signals:
                break


if __name__ == "__main__":
    anyio.run(main, backend_options={"use_uvloop": True})
