"""The outbox: publishing what turns have committed, and again when the streams come back without their tail."""

import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import anyio

from bus import BusError, PublishForbidden, StreamGone, StreamName
from bus.position import START
from bus.publisher import Outgoing, Publisher
from bus.requests import Answer, replies
from bus.store import StreamStore
from nexus_actors.runtime.ledger import CheckpointWriter, TurnLedger
from nexus_actors.runtime.partition import Partition
from nexus_actors.runtime.reach import CutOff, Reach
from nexus_actors.runtime.store import TurnStore
from nexus_actors.telemetry.metrics import ServiceMetrics

_PAGE = 1_000
RETRY_S = 1.0
REPLAYED: Final = timedelta(hours=1)
"""What was published within this time goes out again when the streams have been emptied: so far behind a reader may be."""


class Outbox:
    """Publishes the outboxes of one service's partitions, each in the order of its turns.

    Args:
        answers: publishes to askers. Their streams are bounded and expire; a lost answer is asked for again.
    """

    def __init__(
        self,
        store: TurnStore,
        streams: StreamStore,
        publisher: Publisher,
        answers: Publisher,
        ledger: TurnLedger,
        clock: Callable[[], datetime],
        log: Any,  # noqa: ANN401
        metrics: ServiceMetrics,
        reach: Reach,
    ) -> None:
        self._store = store
        self._streams = streams
        self._publisher = publisher
        self._answers = answers
        self._checkpoints = CheckpointWriter(store, ledger)
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self._reach = reach
        self._trouble = reach.trouble
        self.beat: Callable[[], None] = lambda: None

    async def flush(self, partitions: Collection[Partition]) -> None:
        """Publish what these partitions have committed. It waits for the streams to take it, trying once a second.

        When the streams come back under another history, what they may have lost goes first, so that the order stays.

        Raises:
            CutOff: this worker alone may be kept from them, so that another should try.
        """
        started = time.perf_counter()
        waiting = [partition for partition in partitions if partition.unpublished]
        if not waiting:
            return
        while waiting:
            failures = await self._publish(waiting)
            if failures:
                gone = any(isinstance(failure, StreamGone) for failure in failures)
                forbidden = next((failure for failure in failures if isinstance(failure, PublishForbidden)), None)
                if forbidden is not None:
                    self._reach.insist(forbidden)
                await self._look_for_loss(partitions, gone=gone)
            waiting = [partition for partition in partitions if partition.unpublished]
        self._trouble.over()
        self._metrics.published(time.perf_counter() - started)

    async def _publish(self, waiting: Sequence[Partition]) -> Collection[Exception]:
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
            self._trouble.met("outbox_waits", error, messages=len(rows), streams=len(failures))
        return failures.values()

    async def _look_for_loss(self, partitions: Collection[Partition], *, gone: bool) -> None:
        """Wait until the streams say which history they are in: before that, nothing more may be published behind a loss."""
        while True:
            await anyio.sleep(RETRY_S)
            self.beat()
            seen_at = self._clock()
            try:
                await self.catch_up(partitions, await self._streams.history(), seen_at, gone=gone)
            except CutOff:
                raise
            except BusError as error:
                self._trouble.met("streams_history_unknown", error)
                self._reach.insist(error)
            else:
                return

    async def answer(self, answers: Sequence[tuple[str, Answer]]) -> None:
        """Send answers to their askers. One that does not get through is asked for again, or not wanted any more."""
        if not answers:
            return
        try:
            await self._answers.publish(replies(answers))
        except BusError as error:
            self._log.warning("answers_lost", answers=len(answers), error=str(error))

    async def catch_up(self, partitions: Collection[Partition], history: str, seen_at: datetime, *, gone: bool = False) -> None:
        """Publish what these partitions have committed and was perhaps not published, or was and may be lost.

        Readers drop what they know.

        Args:
            history: the one that the streams were in at ``seen_at``.
            gone: a stream has vanished, whatever the history says.

        Raises:
            BusUnavailable: the streams cannot be asked what they have lost.
        """
        for partition in partitions:
            emptied_since = None
            if gone or partition.published_under not in {"", history}:
                emptied_since = await self._emptied_since(partition)
            partition.see_history(history, seen_at)
            if emptied_since is not None:
                partition.publish_again(emptied_since)
                # Whoever takes over in the middle of it would see streams that exist, and miss the rest.
                await self._checkpoints.save([partition])
            if partition.catch_up():
                await self._catch_up(partition)

    async def _emptied_since(self, partition: Partition) -> int | None:
        """Where a stream that this partition has published to is not there: the number before all that is to go out again."""
        since = self._clock() - REPLAYED
        before, streams = await self._store.outbox_streams(partition.number, since, partition.sent_seq)
        vanished = [stream for stream, last in (await self._streams.last(streams)).items() if last == START]
        if not vanished:
            return None
        self._log.warning("streams_were_emptied", partition=partition.number, streams=len(vanished), after_seq=before)
        return before

    async def _catch_up(self, partition: Partition) -> None:
        count = 0
        while True:
            rows = await self._store.outbox_after(partition.number, partition.published_seq, _PAGE)
            if rows:
                partition.queue(rows)
                await self.flush([partition])
                count += len(rows)
            if len(rows) < _PAGE:
                break
        if count:
            self._log.info("outbox_caught_up", partition=partition.number, messages=count)
