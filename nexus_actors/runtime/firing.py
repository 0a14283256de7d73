"""Timers that are due, as deliveries."""

from datetime import datetime

from nexus_actors.runtime.delivery import Delivery
from nexus_actors.runtime.intake import Intake
from nexus_actors.runtime.partition import Partition
from nexus_actors.runtime.store import Timer, TurnStore

_PAGE = 100


class Firing:
    """Finds the timers of a partition that are due.

    A timer's row is the truth: until the turn that it starts is committed, another turn of its key may set it anew or remove
    it.
    So only one timer of a key is taken at a time, only while its key is not held back, and it is handled before anything else.
    The others stay where they are and are looked at again afterwards.
    """

    def __init__(self, store: TurnStore, intake: Intake) -> None:
        self._store = store
        self._intake = intake

    async def due(self, partition: Partition, now: datetime) -> list[Delivery]:
        """The deliveries of the timers that are due."""
        if partition.next_timer_at is None or partition.next_timer_at > now:
            return []
        timers, more = await self._free(partition, now)
        first: dict[str, Timer] = {}
        for timer in timers:
            first.setdefault(timer.key, timer)
        again = more or len(first) < len(timers)
        partition.next_timer_at = now if again else await self._store.next_timer_at(partition.number, now)
        return [self._intake.from_timer(timer, partition.number) for timer in first.values()]

    async def _free(self, partition: Partition, now: datetime) -> tuple[list[Timer], bool]:
        """Those whose keys are not held back, and whether there may be more of them."""
        limit = _PAGE
        while True:
            timers = await self._store.due_timers(partition.number, now, limit)
            free = [timer for timer in timers if timer.key not in partition.held]
            if free or len(timers) < limit:
                return free, len(timers) == limit
            limit *= 2
