"""A worker of Nexus COS that will be killed: `python -m tests.benchmarks.kills.worker`."""

import sys

import anyio

from nexus_actors.settings.config import Settings
from nexus_actors.telemetry.logs import configure_logs
from nexus_actors.worker import open_worker
from nexus_actors.worker.worker import utc_now
from tests.benchmarks.kills.service import service


async def main() -> None:
    """Run the service for ever."""
    settings = Settings.load()
    configure_logs(level="warning", form="json", output=sys.stderr.buffer, now=utc_now)
    async with open_worker(settings, [service]) as worker, worker.running():
        await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(main, backend_options={"use_uvloop": True})
