"""Timers that are due, as deliveries."""

from datetime import datetime

from nexus_actors.runtime.delivery import Delivery
from nexus_actors.runtime.intake import Intake
from nexus_actors.runtime.partition import Partition
from nexus_actors.runtime.store import TurnStore

_KEYS = 100


class Firing:
    """Finds the timers of a partition that are due.

    A timer's row is the truth: until the turn that it starts is committed, another turn of its key may set it anew or remove
    it.
    So only one timer of a key is taken at a time, only while its key is not held back, and it is handled before anything else.
    The others stay where they are and are looked at again afterwards.

    A round goes on behind where the last one has stopped looking, and begins anew at the end: a key with very many timers
    keeps those of others waiting for some rounds, not for as many as it has timers.
    """

    def __init__(self, store: TurnStore, intake: Intake) -> None:
        self._store = store
        self._intake = intake

    async def due(self, partition: Partition, now: datetime) -> list[Delivery]:
        """The deliveries of the timers that are due."""
        if partition.next_timer_at is None or partition.next_timer_at > now:
            return []
        after = partition.timers_seen
        found = await self._store.due_timers(partition.number, now, _KEYS, after=after, without=partition.held)
        partition.timers_seen = found.place
        # What stands before the place where this round began is for the next one.
        again = found.left or found.place is not None or after is not None
        partition.next_timer_at = now if again else await self._store.next_timer_at(partition.number, now)
        return [self._intake.from_timer(timer, partition.number) for timer in found.timers]
