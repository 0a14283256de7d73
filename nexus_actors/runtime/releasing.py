"""Letting a parked key go on."""

from datetime import datetime

from bus.codec import encode_data
from bus.requests import Answer
from nexus_actors.runtime.delivery import Delivery
from nexus_actors.runtime.intake import Intake
from nexus_actors.runtime.ledger import TurnLedger
from nexus_actors.runtime.partition import Partition
from nexus_actors.runtime.release import Released, ReleaseKey
from nexus_actors.runtime.store import TurnStore


class Releasing:
    """Handles the runtime's `ReleaseKey`."""

    def __init__(self, store: TurnStore, ledger: TurnLedger, intake: Intake) -> None:
        self._store = store
        self._ledger = ledger
        self._intake = intake

    async def released(self, partition: Partition, delivery: Delivery, now: datetime) -> bool:
        """Whether the delivery was a `ReleaseKey`, which is then handled: the key's dead letters are tried again at once."""
        message = delivery.message
        if not isinstance(message, ReleaseKey):
            return False
        rows = await self._store.parked(partition.number, delivery.key)
        drop = [row for row in rows if row.message_id in message.drop]
        redrive = [row for row in rows if row.message_id not in message.drop]
        released = Released(redriven=len(redrive), dropped=len(drop))
        answer = Answer(id=delivery.message_id, value=encode_data(released))
        commit = self._ledger.release(partition, delivery, answer, drop)
        async with self._store.transaction() as transaction:
            await transaction.commit(commit)
        self._ledger.applied(commit)
        partition.finish(delivery)
        self._ledger.owe(delivery, answer)
        partition.parked_keys.discard(delivery.key)
        if redrive:
            partition.hold(delivery.key, now, [self._intake.from_parked(row) for row in redrive])
        return True
