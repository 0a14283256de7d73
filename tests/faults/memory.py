"""How much memory the streams' server and the workers take, over time."""

from collections.abc import Sequence
from statistics import median
from typing import Final

import psutil
from msgspec import Struct

from tests.faults.stage import Stage

_MIB: Final = 1 << 20
_WARM: Final = 0.25
_GROWTH: Final = 1.2
_SLACK_MIB: Final = 8.0


class Sample(Struct, frozen=True):
    """Memory at one moment, in MiB.

    Attributes:
        redis: what Redis has allocated.
        witness: the resident memory of the first worker, which is never killed, so that it tells of the whole run.
        others: the largest resident memory of another worker.
    """

    redis: float
    witness: float
    others: float


async def sample(stage: Stage) -> Sample:
    """Look once."""
    info = await stage.servers.ask_redis("INFO", "memory")
    witness, *others = [_resident(worker.pid) for worker in stage.workers]
    return Sample(info["used_memory"] / _MIB, witness, max(others, default=0.0))


def _resident(pid: int) -> float:
    try:
        return psutil.Process(pid).memory_info().rss / _MIB
    except psutil.NoSuchProcess:
        return 0.0


def grown(series: Sequence[float]) -> bool:
    """Whether a series of MiB rises: the last quarter's median is a fifth and 8 MiB above the second quarter's.

    In the first quarter caches fill. Less than eight values tell nothing.
    """
    quarter = int(len(series) * _WARM)
    if quarter < 2:
        return False
    return median(series[-quarter:]) > median(series[quarter : 2 * quarter]) * _GROWTH + _SLACK_MIB
