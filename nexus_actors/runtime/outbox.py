"""The outbox: publishing what turns have committed, and again when the streams come back without their tail."""

import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Any

import anyio

from bus import BusError, StreamName
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
        history: asks the streams for their history; see `bus.store.StreamStore.history`.
    """

    def __init__(
        self,
        store: TurnStore,
        publisher: Publisher,
        answers: Publisher,
        history: Callable[[], Awaitable[str]],
        clock: Callable[[], datetime],
        log: Any,  # noqa: ANN401
        metrics: ServiceMetrics,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._answers = answers
        self._history = history
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self.beat: Callable[[], None] = lambda: None

    async def flush(self, partitions: Collection[Partition]) -> None:
        """Publish what these partitions have committed. It waits for the streams to take it, trying once a second.

        When the streams come back under another history, what they may have lost goes first, so that the order stays.
        """
        started = time.perf_counter()
        waiting = [partition for partition in partitions if partition.unpublished]
        if not waiting:
            return
        while waiting:
            if not await self._publish(waiting):
                await self._look_for_loss(partitions)
            waiting = [partition for partition in partitions if partition.unpublished]
        self._metrics.published(time.perf_counter() - started)

    async def _publish(self, waiting: Sequence[Partition]) -> bool:
        rows = [row for partition in waiting for row in partition.unpublished]
        failures: dict[StreamName, Exception] = {}
        for history in dict.fromkeys(partition.published_under for partition in waiting):
            alike = [partition for partition in waiting if partition.published_under == history]
            messages = [Outgoing(row.stream, row.body) for partition in alike for row in partition.unpublished]
            failures |= await self._publisher.send(messages, history)
        now = self._clock()
        for partition in waiting:
            partition.published(now, failures)
        if failures:
            error = next(iter(failures.values()))
            self._log.warning("outbox_waits", messages=len(rows), streams=len(failures), error=str(error))
        return not failures

    async def _look_for_loss(self, partitions: Collection[Partition]) -> None:
        """Wait until the streams say which history they are in: before that, nothing more may be published behind a loss."""
        while True:
            await anyio.sleep(RETRY_S)
            self.beat()
            seen_at = self._clock()
            try:
                history = await self._history()
            except BusError as error:
                self._log.warning("streams_history_unknown", error=str(error))
                continue
            await self.catch_up(partitions, history, seen_at)
            return

    async def answer(self, answers: Sequence[tuple[str, Answer]]) -> None:
        """Send answers to their askers. One that does not get through is asked for again, or not wanted any more."""
        if not answers:
            return
        try:
            await self._answers.publish(replies(answers))
        except BusError as error:
            self._log.warning("answers_lost", answers=len(answers), error=str(error))

    async def catch_up(self, partitions: Collection[Partition], history: str, seen_at: datetime) -> None:
        """Publish what these partitions have committed and was perhaps not published, or was and may be lost.

        Readers drop what they know.

        Args:
            history: the one that the streams were in at ``seen_at``.
        """
        for partition in partitions:
            partition.see_history(history, seen_at)
            if not partition.caught_up:
                await self._catch_up(partition)

    async def _catch_up(self, partition: Partition) -> None:
        partition.caught_up = True
        count = 0
        while True:
            rows = await self._store.outbox_after(partition.number, partition.published_seq, _PAGE)
            if rows:
                partition.unpublished.extend(rows)
                await self.flush([partition])
                count += len(rows)
            if len(rows) < _PAGE:
                break
        if count:
            self._log.info("outbox_caught_up", partition=partition.number, messages=count)
