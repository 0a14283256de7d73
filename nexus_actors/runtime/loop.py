"""The loop of one service on one worker: read, screen, settle, publish, answer."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

from bus import BusUnavailable, StreamName
from bus.position import Position
from bus.reader import PartitionReader
from bus.store import Entry
from nexus_actors.errors import DatabaseBusy, DatabaseTroubled, DatabaseUnavailable
from nexus_actors.runtime.activations import Activations
from nexus_actors.runtime.batch import Batches, group_by_identity
from nexus_actors.runtime.decoder import Decoder, DueTimerReader, NoEnvelope
from nexus_actors.runtime.deduplicator import Deduplicator
from nexus_actors.runtime.delivery import Delivery, Group
from nexus_actors.runtime.ledger import CheckpointWriter, TurnLedger
from nexus_actors.runtime.orders import ORDERS, Orders
from nexus_actors.runtime.outbox import Outbox
from nexus_actors.runtime.parking import Parking, PoisonDetector
from nexus_actors.runtime.partition import Partition
from nexus_actors.runtime.reach import CutOff, Reach
from nexus_actors.runtime.store import LeaseLost, TurnStore
from nexus_actors.runtime.trouble import Trouble
from nexus_actors.runtime.turn import Fault
from nexus_actors.service import Service
from nexus_actors.telemetry.metrics import ServiceMetrics

IDLE_BLOCK_S = 1.0
RETRY_S = 1.0
_MARKS_AFTER_S = 1.0
_MOST_HELD = 10_000
_SLICE_BYTES = 1_048_576
_KEYS_TRIED = 64
"""So many keys that were held back are tried again in a round, after what is new. Each may cost a transaction of its own."""


class ServiceLoop:
    """Handles the partitions of one service that this worker owns.

    Attributes:
        ticked_at: when it last went round: the progress that liveness is judged by.
    """

    def __init__(
        self,
        service: Service,
        *,
        store: TurnStore,
        reader: PartitionReader,
        activations: Activations,
        ledger: TurnLedger,
        partitions: dict[int, Partition],
        batches: Callable[[Callable[[Group, Fault], Any]], Batches],
        outbox: Outbox,
        parking: Parking,
        reach: Reach,
        poison: PoisonDetector,
        clock: Callable[[], datetime],
        log: Any,  # noqa: ANN401
        metrics: ServiceMetrics,
    ) -> None:
        self._service = service
        self._store = store
        self._reader = reader
        self._activations, self._ledger = activations, ledger
        self.partitions = partitions
        self._batches = batches(self._failed)
        self._checkpoints = CheckpointWriter(store, ledger)
        self._outbox = outbox
        self._parking = parking
        self._decoder = Decoder(service, lambda: reach.ownership.awaited)
        self._deduplicator = Deduplicator(store, ledger, partitions)
        self._orders = Orders(service, store, ledger, activations, self._decoder, log)
        self._due_timers = DueTimerReader(store, self._decoder)
        self._poison = poison
        self._reach = reach
        self._ownership = reach.ownership
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self._marks_due_at = self.ticked_at = clock()
        outbox.beat = self._beat

    @property
    def trouble(self) -> Trouble:
        """What keeps it from its work."""
        return self._reach.trouble

    def _beat(self) -> None:
        self.ticked_at = self._clock()

    async def run(self) -> None:
        """Handle what comes, for ever."""
        while True:
            await self.tick(IDLE_BLOCK_S)

    async def tick(self, block_s: float) -> None:
        """Go round once, waiting up to ``block_s`` for something to do.

        Whatever goes wrong, what is in memory is let go: the database has the truth, and a new generation keeps a commit of
        unknown outcome from taking effect later.
        """
        self._beat()
        try:
            await self._follow_ownership()
            entries = await self._reading(block_s)
            await self._handle(entries)
            self.trouble.over(proven=bool(entries))
        except CutOff as error:
            await self._start_over_after("streams_unreachable", error)
        except BusUnavailable as error:
            self.trouble.met("streams_unreachable", error)
            await anyio.sleep(RETRY_S)
        except DatabaseUnavailable as error:
            await self._start_over_after("loop_starts_over", error)
        except LeaseLost as error:
            self._log.warning("loop_starts_over", error=str(error))
            self._metrics.lease_lost()
            self._start_over()
            await anyio.sleep(RETRY_S)
        except Exception:
            self._start_over()
            raise
        self._activations.shrink()

    async def _start_over_after(self, event: str, error: Exception) -> None:
        self.trouble.met(event, error)
        self._start_over()
        await anyio.sleep(RETRY_S)

    def _start_over(self) -> None:
        doubtful = {number: partition.generation for number, partition in self.partitions.items()}
        self._let_go(list(doubtful))
        self._ownership.doubt(doubtful)

    async def _follow_ownership(self) -> None:
        granted = dict(self._ownership.granted)
        gone = self._to_hand_over()
        if gone:
            await self._hand_over(sorted(gone))
        for number in sorted(granted.keys() - self.partitions.keys()):
            await self._take_over(number, granted[number])
        self._note_owned()

    def _note_owned(self) -> None:
        self._ownership.own(set(self.partitions))
        self._metrics.holds(len(self.partitions))

    async def _take_over(self, number: int, generation: int) -> None:
        resumed = await self._store.resume(number)
        partition = Partition(number, generation, resumed, self._service.streams(number))
        for identity in sorted(resumed.released_keys):
            rows = await self._store.parked(number, identity)
            partition.hold(identity, self._clock(), timedelta(), [self._decoder.from_parked(row) for row in rows])
        self.partitions[number] = partition
        # The former owner may have seen a history that this worker has not: its marks are not to be taken for old ones.
        self._reader.look_again()
        for stream, tracker in partition.trackers.items():
            self._reader.assign(stream, tracker.checkpoint())

    async def _hand_over(self, numbers: Sequence[int]) -> None:
        """Save the marks, so that the next owner repeats as little as can be, and forget the partitions."""
        for number in numbers:
            try:
                await self._checkpoints.save([self.partitions[number]])
            except LeaseLost:
                self._log.warning("partition_lost", partition=number)
            except DatabaseBusy as busy:
                self._log.warning("marks_not_saved", partition=number, error=str(busy))
        self._let_go(numbers)

    def _let_go(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            for stream in self.partitions[number].trackers:
                self._reader.release(stream)
            self._activations.drop_partition(number)
            del self.partitions[number]
        self._note_owned()

    async def _reading(self, block_s: float) -> list[Entry]:
        """Read, and take note whether the streams are there. Without partitions that shows only to who looks."""
        began = self._reach.begin()
        try:
            if self._ownership.astray:
                await self._reach.look()
            entries = await self._read(block_s)
        except BusUnavailable:
            self._reach.missed(began)
            raise
        if self.partitions or self._ownership.astray:
            self._reach.reached()
        return entries

    async def _read(self, block_s: float) -> list[Entry]:
        if not self.partitions:
            with self._ownership.reading():
                await anyio.sleep(block_s)
            return []
        await self._agree_on_history()
        now = self._clock()
        wakes = [at for partition in self.partitions.values() if (at := partition.next_wake_at(now)) is not None]
        if wakes:
            block_s = min(block_s, max(0.0, (min(wakes) - now).total_seconds()))
        entries: list[Entry] = []
        with self._ownership.reading():
            entries += await self._reader.read(block_s, self._overfull())
        return entries

    async def _agree_on_history(self) -> None:
        """Look whether the streams have lost their tail; then go back in them, and publish again what may be gone."""
        history = await self._reader.connect()
        if any(partition.published_under not in {"", history} for partition in self.partitions.values()):
            # Publishing has met a newer one since the reader has looked. To go back to the old one would publish everything
            # again, be refused, and wait a second, partition by partition.
            self._reader.doubt()
            history = await self._reader.connect()
        changed = [partition for partition in self.partitions.values() if partition.read_under != history]
        positions: dict[int, Mapping[StreamName, Position]] = {}
        for partition in changed:
            if partition.read_under:
                positions[partition.number] = await self._reader.rewind(partition.trackers)
        if positions:
            self._log.warning("streams_may_have_lost_their_tail", partitions=len(changed))
        for partition in changed:
            partition.read_again(history, positions.get(partition.number, {}))
        seen_at = self._clock() - timedelta(seconds=self._reader.unseen_s)
        await self._outbox.catch_up(self.partitions.values(), history, seen_at)

    def _overfull(self) -> Collection[StreamName]:
        """The streams of partitions where so much waits behind failing keys that memory would not do."""
        full = [partition for partition in self.partitions.values() if partition.held and partition.held_count() >= _MOST_HELD]
        return {stream for partition in full for stream in partition.trackers}

    async def _handle(self, entries: Sequence[Entry]) -> None:
        """Handle what is due and what has come.

        What has failed before comes last, and some of it at a time: most of it fails again, and where thousands of keys do, the
        others are not to wait for them.
        """
        now = self._clock()
        timers = [delivery for partition in self.partitions.values() for delivery in await self._due_timers.due(partition, now)]
        await self._settle_all(timers)
        fresh = await self._take_all_in(entries)
        await self._settle_all(fresh)
        share = max(1, _KEYS_TRIED // max(1, len(self.partitions)))
        again = [delivery for partition in self.partitions.values() for delivery in partition.due(now, share)]
        await self._settle_all(again)
        if timers or fresh or again:
            self._marks_due_at = now + timedelta(seconds=_MARKS_AFTER_S)
        else:
            await self._save_idle_marks(now)

    async def _settle_all(self, deliveries: Sequence[Delivery]) -> None:
        """Handle deliveries batch by batch; those of partitions that are to be handed over are left to the next owner."""
        start = 0
        while start < len(deliveries):
            self._beat()
            batch = deliveries[start : start + self._poison.batch_size]
            start += len(batch)
            left = self._to_hand_over()
            await self._settle([delivery for delivery in batch if delivery.partition not in left])

    def _to_hand_over(self) -> set[int]:
        """The partitions that this loop is no longer to own. One that it was to leave once is handed over, come what may."""
        granted = self._ownership.granted
        for number, partition in self.partitions.items():
            if granted.get(number) != partition.generation:
                partition.leave()
        return {number for number, partition in self.partitions.items() if partition.left}

    async def _settle(self, deliveries: Sequence[Delivery]) -> None:
        self._poison.judge(deliveries)
        try:
            fresh = await self._deduplicator.fresh(deliveries)
            ordinary = await self._set_aside(fresh)
            await self._batches.settle(group_by_identity(ordinary))
        except DatabaseTroubled:
            raise
        except (DatabaseUnavailable, LeaseLost):
            self._poison.lost(deliveries)
            raise
        self._poison.settled(deliveries)
        await self._outbox.flush(self.partitions.values())
        await self._outbox.answer(self._ledger.take_answers())

    async def _take_all_in(self, entries: Sequence[Entry]) -> list[Delivery]:
        """Take in what has come, with others at work in between: it may be some hundred long messages."""
        found: list[Delivery] = []
        taken = 0
        for entry in entries:
            found += await self._take_in(entry)
            taken += len(entry.body)
            if taken >= _SLICE_BYTES:
                taken = 0
                await checkpoint()
        return found

    async def _take_in(self, entry: Entry) -> list[Delivery]:
        partition = self._decoder.partition_of(entry.stream, self.partitions)
        if partition is None:
            return []
        partition.begin(entry.stream, entry.position)
        try:
            delivery = self._decoder.deliver(entry, partition)
        except NoEnvelope as unreadable:
            partition.pass_over(entry.stream, entry.position)
            await self._parking.park_unreadable(partition, unreadable.row)
            return []
        if delivery is None:
            partition.pass_over(entry.stream, entry.position)
            return []
        return [delivery]

    async def _set_aside(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Take out what waits behind a held or parked key, and the runtime's own commands."""
        ordinary: list[Delivery] = []
        behind: dict[int, list[Delivery]] = {}
        for delivery in deliveries:
            partition = self.partitions[delivery.partition]
            if isinstance(delivery.message, ORDERS):
                await self._parking.park_behind(partition, behind.pop(delivery.partition, ()))
                await self._orders.carry_out(partition, delivery, delivery.message, self._clock())
            elif delivery.identity in partition.held:
                partition.hold_behind(delivery)
            elif delivery.identity in partition.parked_keys:
                behind.setdefault(delivery.partition, []).append(delivery)
            else:
                ordinary.append(delivery)
        for number, parked in behind.items():
            await self._parking.park_behind(self.partitions[number], parked)
        return ordinary

    async def _failed(self, group: Group, fault: Fault) -> None:
        await self._parking.failed(self.partitions[group.partition], group, fault)

    async def _save_idle_marks(self, now: datetime) -> None:
        """Save checkpoints and marks that no turn has taken along, once things have been quiet for a second."""
        if timedelta() < self._marks_due_at - now <= timedelta(seconds=_MARKS_AFTER_S):
            return
        self._marks_due_at = now + timedelta(seconds=_MARKS_AFTER_S)
        with suppress(DatabaseBusy):  # then later
            await self._checkpoints.save([partition for partition in self.partitions.values() if partition.dirty])

    def streams(self) -> list[StreamName]:
        """What the loop reads now."""
        return self._reader.streams
