"""What the operating system tells about this process."""

import resource
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from nexus_actors.telemetry.definitions import PROCESS_CPU_SECONDS, PROCESS_RESIDENT_BYTES

# See proc(5): sizes in pages; the second is what is resident.
_STATM: Final = Path("/proc/self/statm")


class ProcessCollector(Collector):
    """Reads memory and processor time when it is scraped, and does nothing in between."""

    @override
    def collect(self) -> Iterable[Metric]:
        """The two, or the one that this system tells."""
        resident = resident_bytes()
        if resident is not None:
            yield GaugeMetricFamily(PROCESS_RESIDENT_BYTES.name, PROCESS_RESIDENT_BYTES.help, value=resident)
        yield CounterMetricFamily(PROCESS_CPU_SECONDS.name, PROCESS_CPU_SECONDS.help, value=time.process_time())


def resident_bytes() -> int | None:
    """Memory of this process that is in RAM, or nothing where the system does not tell."""
    try:
        return int(_STATM.read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return None
