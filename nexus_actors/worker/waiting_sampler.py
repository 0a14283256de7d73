"""Which keys of this worker wait without a fault of their messages, noted for all who look."""

from collections.abc import Mapping
from typing import Final, Protocol

import anyio

from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.operations.waiting import Waiting
from nexus_actors.runtime.partition import Partition
from nexus_actors.telemetry.metrics import ServiceMetrics

INTERVAL_S: Final = 2.0
_NOTE: Final = """
INSERT INTO nexus.waiting (service, worker_id, keys, since, wire_type, reason) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (service, worker_id) DO UPDATE SET
    keys = EXCLUDED.keys, since = EXCLUDED.since, wire_type = EXCLUDED.wire_type, reason = EXCLUDED.reason"""
_ERASE: Final = "DELETE FROM nexus.waiting WHERE service = $1 AND worker_id = $2"
_LONGEST_REASON: Final = 500


class Notes(Protocol):
    """The database that is written to."""

    async def fetchval(self, query: str, *args: object) -> object:
        """Run a statement."""
        ...


class WaitingSampler:
    """Looks at the held keys of a service now and then, and writes when something has changed.

    Args:
        notes: the shared schema.
    """

    def __init__(
        self, service: str, worker_id: str, partitions: Mapping[int, Partition], notes: Notes, metrics: ServiceMetrics
    ) -> None:
        self._service = service
        self._worker_id = worker_id
        self._partitions = partitions
        self._notes = notes
        self._metrics = metrics
        self._noted: Waiting | None = None

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await anyio.sleep(INTERVAL_S)
            try:
                await self.sample()
            except DatabaseUnavailable:
                continue

    async def sample(self) -> None:
        """Look once."""
        now = waiting_of(self._partitions)
        self._metrics.waits(0 if now is None else now.keys)
        if now == self._noted:
            return
        if now is None:
            await self._notes.fetchval(_ERASE, self._service, self._worker_id)
        else:
            told = (now.keys, now.since, now.wire_type, now.reason[:_LONGEST_REASON])
            await self._notes.fetchval(_NOTE, self._service, self._worker_id, *told)
        self._noted = now


def waiting_of(partitions: Mapping[int, Partition]) -> Waiting | None:
    """What waits in some partitions; None where nothing does."""
    firsts = [held.first for partition in partitions.values() for held in partition.held.values()]
    waiting = [(first.waits_since, first) for first in firsts if first.waits_since is not None]
    if not waiting:
        return None
    since, first = min(waiting, key=lambda each: each[0])
    return Waiting(len(waiting), since, first.envelope.type, first.waits_for)
