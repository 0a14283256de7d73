"""redis-py without the metrics of OpenTelemetry.

It loads them where they are installed, in case somebody asks for its own: a fifth of the time in which a worker starts, and
20 MiB. Nobody here does; traces are made by `nexus_actors.telemetry`.
"""

import sys
from importlib import import_module
from typing import Final

_METRICS: Final = "opentelemetry.sdk.metrics"


def load() -> None:
    """Load redis-py, unless it is there already."""
    if _METRICS in sys.modules:
        import_module("redis")
        return
    # What stands here as None cannot be imported.
    sys.modules[_METRICS] = None  # type: ignore[assignment]
    try:
        import_module("redis")
    finally:
        del sys.modules[_METRICS]
