"""Deduplication: what the inbox knows is not handled again; its answer is sent again."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from bus import MalformedMessage, Refusal
from bus.requests import Answer, decode_answer
from nexus_actors.errors import DatabaseDamaged
from nexus_actors.runtime.delivery import Delivery
from nexus_actors.runtime.ledger import TurnLedger
from nexus_actors.runtime.partition import Partition
from nexus_actors.runtime.store import Known, TurnStore


class Deduplicator:
    """Drops repeats."""

    def __init__(self, store: TurnStore, ledger: TurnLedger, partitions: Mapping[int, Partition]) -> None:
        self._store = store
        self._ledger = ledger
        self._partitions = partitions

    async def fresh(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """The deliveries whose messages have not been handled and are not being handled, each once."""
        known = await self._known(deliveries)
        fresh: dict[UUID, Delivery] = {}
        for delivery in deliveries:
            message_id = delivery.message_id
            if message_id in known:
                self._repeat(delivery, known[message_id])
                continue
            first = self._held(delivery) or fresh.setdefault(message_id, delivery)
            if first is not delivery:
                self._still_running(delivery, first)
        return list(fresh.values())

    async def _known(self, deliveries: Sequence[Delivery]) -> Mapping[UUID, Known]:
        """What the inbox knows. Where it is damaged, the messages concerned are found half by half, to wait."""
        try:
            return await self._store.known([delivery.message_id for delivery in deliveries])
        except DatabaseDamaged as damaged:
            if len(deliveries) == 1:
                deliveries[0].problem = damaged
                return {}
            middle = len(deliveries) // 2
            return {**await self._known(deliveries[:middle]), **await self._known(deliveries[middle:])}

    def _held(self, delivery: Delivery) -> Delivery | None:
        held = self._partitions[delivery.partition].held.get(delivery.identity)
        return None if held is None else held.find(delivery.message_id)

    def _repeat(self, delivery: Delivery, known: Known) -> None:
        self._partitions[delivery.partition].finish(delivery)
        self._ledger.settled(delivery, "duplicate")
        if known.answer is None:
            return
        if known.fingerprint != delivery.envelope.fingerprint:
            refusal = Refusal.invalid(
                "idempotency_mismatch",
                "This Idempotency-Key was used before with another request. Use a new key for a new request.",
            )
            self._ledger.owe(delivery, Answer(id=delivery.message_id, refusal=refusal.document))
            return
        self._ledger.owe(delivery, _again(delivery.message_id, known.answer))

    def _still_running(self, delivery: Delivery, first: Delivery) -> None:
        """A repeat of what is in hand; another asker may ask again. The same entry read once more must stay unfinished."""
        if (delivery.stream, delivery.position) != (first.stream, first.position):
            self._partitions[delivery.partition].finish(delivery)
        if delivery.envelope.replyto == first.envelope.replyto:
            return
        refusal = Refusal.conflict(
            "in_flight", "The first request with this key is still being handled. Ask again in a moment with the same key."
        )
        self._ledger.owe(delivery, Answer(id=delivery.message_id, refusal=refusal.document))


def _again(message_id: UUID, kept: bytes) -> Answer:
    try:
        return msgspec.structs.replace(decode_answer(kept), replayed=True)
    except MalformedMessage:
        detail = "It was handled before, and its answer was kept in a form that this release cannot read. Look what came of it."
        return Answer(id=message_id, refusal=Refusal.gone("answer_unreadable", detail).document)
