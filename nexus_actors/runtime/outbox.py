"""The outbox: publishing what turns have committed, and again when the streams come back without their tail."""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import anyio

from bus import BusError
from bus.publisher import Outgoing, Publisher
from bus.requests import Answer, replies
from nexus_actors.runtime.partition import Partition
from nexus_actors.runtime.store import TurnStore
from nexus_actors.telemetry.metrics import ServiceMetrics

_PAGE = 1_000
RETRY_S = 1.0


class Outbox:
    """Publishes the outboxes of one service's partitions, each in the order of its turns.

    Args:
        answers: publishes to askers. Their streams are bounded and expire; a lost answer is asked for again.
    """

    def __init__(
        self,
        store: TurnStore,
        publisher: Publisher,
        answers: Publisher,
        clock: Callable[[], datetime],
        log: Any,  # noqa: ANN401
        metrics: ServiceMetrics,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._answers = answers
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self._confirmed_at = clock()
        self._suspect_since: datetime | None = None
        self.beat: Callable[[], None] = lambda: None

    async def flush(self, partitions: Iterable[Partition]) -> None:
        """Publish what these partitions have committed. It waits for the streams to take it, trying once a second."""
        waiting = [partition for partition in partitions if partition.unpublished]
        started = time.perf_counter()
        while waiting:
            rows = [row for partition in waiting for row in partition.unpublished]
            try:
                await self._publisher.publish([Outgoing(row.stream, row.body) for row in rows])
            except BusError as error:
                await self._wait(len(rows), error)
                continue
            self._confirmed_at = self._clock()
            for partition in waiting:
                partition.published_seq = partition.unpublished[-1].seq
                partition.unpublished.clear()
            self._metrics.published(time.perf_counter() - started)
            return

    async def answer(self, answers: Sequence[tuple[str, Answer]]) -> None:
        """Send answers to their askers. One that does not get through is asked for again, or not wanted any more."""
        if not answers:
            return
        try:
            await self._answers.publish(replies(answers))
        except BusError as error:
            self._log.warning("answers_lost", answers=len(answers), error=str(error))

    async def catch_up(self, partition: Partition) -> None:
        """Publish what a former owner committed and perhaps did not publish; readers drop what they know."""
        while True:
            rows = await self._store.outbox_after(partition.number, partition.published_seq, _PAGE)
            partition.unpublished.extend(rows)
            await self.flush([partition])
            if len(rows) < _PAGE:
                return

    async def _wait(self, messages: int, error: BusError) -> None:
        self.suspect()
        self.beat()
        self._log.warning("outbox_waits", messages=messages, error=str(error))
        await anyio.sleep(RETRY_S)

    def suspect(self) -> None:
        """The streams could not be reached: what was confirmed last may be gone when they come back."""
        self._suspect_since = self._suspect_since or self._confirmed_at

    async def replay(self, partitions: Iterable[Partition], lost_s: float) -> int:
        """Publish again what may have been in the tail that the streams have lost.

        Args:
            lost_s: how much confirmed writing the store may lose (Redis with ``appendfsync everysec``: about 2 s).
        """
        since = (self._suspect_since or self._confirmed_at) - timedelta(seconds=lost_s)
        count = sum([await self._replay(partition, since) for partition in partitions])
        self._suspect_since = None
        return count

    async def _replay(self, partition: Partition, since: datetime) -> int:
        after, count = 0, 0
        while True:
            rows = await self._store.outbox_since(partition.number, since, after, _PAGE)
            if rows:
                await self._publish_until_done([Outgoing(row.stream, row.body) for row in rows])
                after, count = rows[-1].seq, count + len(rows)
            if len(rows) < _PAGE:
                return count

    async def _publish_until_done(self, messages: Sequence[Outgoing]) -> None:
        while True:
            try:
                await self._publisher.publish(messages)
                return
            except BusError as error:
                await self._wait(len(messages), error)
