"""How far this worker's partitions are behind, sampled now and then."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import anyio

from bus import BusUnavailable, StreamName
from bus.store import StreamStore
from bus.topic import stream_parts
from nexus_actors.runtime.loop import ServiceLoop
from nexus_actors.telemetry.metrics import ServiceMetrics

INTERVAL_S: Final = 5.0


class LagSampler:
    """Measures the lag of a service's partitions: one read of one entry per stream, every five seconds.

    The number of unread entries is not measured: Redis does not know it once a stream has been trimmed, and to autoscale on,
    seconds are the better measure anyway.
    """

    def __init__(self, loop: ServiceLoop, streams: StreamStore, clock: Callable[[], datetime], metrics: ServiceMetrics) -> None:
        self._loop = loop
        self._streams = streams
        self._clock = clock
        self._metrics = metrics
        self._shown: set[StreamName] = set()

    async def run(self) -> None:
        """Sample for ever."""
        while True:
            await anyio.sleep(INTERVAL_S)
            try:
                await self.sample()
            except BusUnavailable:
                continue

    async def sample(self) -> None:
        """Sample once."""
        positions = {
            stream: tracker.checkpoint()
            for partition in self._loop.partitions.values()
            for stream, tracker in partition.trackers.items()
        }
        waiting = {entry.stream: entry.position.ms for entry in await self._streams.read(positions, 1, 0)} if positions else {}
        now_ms = self._clock().timestamp() * 1_000
        for stream in self._shown - positions.keys():
            self._metrics.forget_lag(*_labels(stream))
        self._shown = set(positions)
        for stream in positions:
            age_s = max(0.0, (now_ms - waiting[stream]) / 1_000) if stream in waiting else 0.0
            self._metrics.lags(*_labels(stream), age_s)


def _labels(stream: StreamName) -> tuple[str, str, int]:
    """Topic, channel and partition of a stream."""
    parts = stream_parts(stream)
    return parts.service, parts.channel, parts.partition
