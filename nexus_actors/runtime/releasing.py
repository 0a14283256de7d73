"""Letting a parked key go on."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bus.codec import encode_data
from bus.requests import Answer
from nexus_actors.identity import PLATFORM, Identity
from nexus_actors.runtime.delivery import Delivery
from nexus_actors.runtime.intake import Intake
from nexus_actors.runtime.ledger import TurnLedger
from nexus_actors.runtime.partition import Partition
from nexus_actors.runtime.release import NO_KEY, Released, ReleaseKey
from nexus_actors.runtime.store import ParkedRow, TurnStore


class Releasing:
    """Handles the runtime's `ReleaseKey`."""

    def __init__(self, store: TurnStore, ledger: TurnLedger, intake: Intake) -> None:
        self._store = store
        self._ledger = ledger
        self._intake = intake

    async def release(self, partition: Partition, delivery: Delivery, message: ReleaseKey, now: datetime) -> None:
        """Drop some of the key's dead letters, and have the others tried again at once."""
        key = "" if message.key == NO_KEY else message.key
        identity = Identity(message.tenant if key else PLATFORM, key)
        # Of entries without a key, which may be very many, only those are read that are to be dropped.
        rows = await self._store.parked(partition.number, identity, None if key else message.drop)
        drop = [row.message_id for row in rows if row.message_id in message.drop]
        # An entry without an envelope cannot be tried again: it stays until it is dropped.
        redrive = [row for row in rows if key and row.message_id not in message.drop]
        answer = Answer(id=delivery.message_id, value=encode_data(Released(redriven=len(redrive), dropped=len(drop))))
        known = await self._store.known(drop)
        unheard = [message_id for message_id in drop if key and message_id not in known]
        commit = self._ledger.release(partition, delivery, identity, answer, drop, unheard)
        async with self._store.transaction(own=True) as transaction:
            await transaction.commit(commit)
        self._ledger.applied(commit)
        partition.finish(delivery)
        self._ledger.owe(delivery, answer)
        self._go_on(partition, identity, now, redrive)

    def _go_on(self, partition: Partition, identity: Identity, now: datetime, redrive: Sequence[ParkedRow]) -> None:
        """Put what is tried again before all that waits for the key; some of it may be waiting from an earlier release."""
        partition.parked_keys.discard(identity)
        waiting = [self._intake.from_parked(row) for row in redrive]
        waiting += [delivery for delivery in partition.let_go(identity) if not delivery.parked]
        if waiting:
            partition.hold(identity, now, timedelta(), waiting)
