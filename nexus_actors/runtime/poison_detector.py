"""Messages that take their worker's connection or lease down with them."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from nexus_actors.errors import NexusError
from nexus_actors.runtime.delivery import Delivery

_LARGEST_BATCH = 512
_CAREFUL = 512


class AlwaysLost(NexusError):
    """The message was handled alone several times, and each time the connection to the database or the lease was lost."""


class PoisonDetector:
    """Finds the message whose handling loses the connection or the lease every time, as one that blocks for seconds does.

    Such a loss is no fault of a handler, so the batch is repeated; and if a message of it is to blame, it would be repeated for
    ever. So after a loss the messages are handled one by one for a while, and one that is alone at several losses is parked.

    Args:
        most: how many losses a message may have.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._careful = 0
        self._losses: Counter[UUID] = Counter()

    @property
    def batch_size(self) -> int:
        """How many deliveries to handle together."""
        return 1 if self._careful > 0 else _LARGEST_BATCH

    def lost(self, deliveries: Sequence[Delivery]) -> None:
        """While these were handled, the connection or the lease was lost."""
        self._careful = _CAREFUL
        if len(deliveries) == 1:
            self._losses[deliveries[0].message_id] += 1

    def settled(self, deliveries: Sequence[Delivery]) -> None:
        """These were handled."""
        if self._careful > 0:
            self._careful -= len(deliveries)
        if self._losses:
            for delivery in deliveries:
                self._losses.pop(delivery.message_id, None)

    def judge(self, deliveries: Sequence[Delivery]) -> None:
        """Mark those that have had too many losses: they are not handled again."""
        for delivery in deliveries if self._losses else ():
            losses = self._losses[delivery.message_id]
            if losses >= self._most:
                delivery.failures = losses
                delivery.problem = AlwaysLost(
                    f"The connection to the database or the lease was lost {losses} times while this message was handled. "
                    "Does its handler block the process for seconds?"
                )
