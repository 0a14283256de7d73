"""What becomes of a message that failed: another try after a while, then the dead letters with all that comes behind it."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from bus import NewerRelease, Refusal
from bus.requests import Answer
from bus.text import error_text, storable
from nexus_actors.errors import DatabaseBusy, DatabaseDamaged, DatabaseUnavailable, NexusError
from nexus_actors.failures.cause import described
from nexus_actors.failures.own_frames import own_traceback
from nexus_actors.retry import RetryPolicy
from nexus_actors.runtime.batch import group_by_identity
from nexus_actors.runtime.delivery import Delivery, Group
from nexus_actors.runtime.ledger import TurnLedger
from nexus_actors.runtime.partition import Partition
from nexus_actors.runtime.store import Commit, LeaseLost, ParkedRow, TurnStore
from nexus_actors.runtime.trouble import reason_of
from nexus_actors.runtime.turn import Fault
from nexus_actors.telemetry.message_fields import message_fields
from nexus_actors.telemetry.metrics import ServiceMetrics

_LONGEST_ERROR = 8_000
_LONGEST_REASON = 2_000
_NEWER = "Only a newer release can handle it."
_LARGEST_BATCH = 512
_CAREFUL = 512
"""So many messages are handled one by one after a loss."""
_SHORTEST_WAIT = timedelta(seconds=0.25)
_LONGEST_WAIT = timedelta(seconds=5)
BUSY_WAIT: Final = timedelta(hours=4)
"""How long a message waits for what the database keeps from it: longer than a migration takes that somebody attends to.

Not for ever, for a row may be damaged for good, and the streams are cut only up to what waits.
"""


class Parking:
    """Holds failing keys back and parks them.

    Args:
        unknown_wait_s: how long what a newer release has written may wait for that release.
        policy: what is done where a handler has no policy of its own.
        shows_faults: see `LoopSettings`.
    """

    def __init__(
        self,
        store: TurnStore,
        ledger: TurnLedger,
        policy: RetryPolicy,
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        log: Any,  # noqa: ANN401
        metrics: ServiceMetrics,
        unknown_wait_s: float,
        shows_faults: bool = False,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._policy = policy
        self._clock = clock
        self._chance = chance
        self._log = log
        self._metrics = metrics
        self._unknown_wait = timedelta(seconds=unknown_wait_s)
        self._shows_faults = shows_faults

    async def failed(self, partition: Partition, group: Group, fault: Fault) -> None:
        """A group's first delivery failed: hold the key back, or park it."""
        first = group.deliveries[0]
        if fault.waits and not self._waited_enough(first, fault):
            self._wait(partition, group, fault)
            return
        first.failures += 1
        policy = first.policy or self._policy
        wait_s = None if fault.final or fault.waits else policy.after(fault.cause, first.failures, self._chance())
        fields = {**message_fields(first.envelope), "type": first.envelope.type, "failures": str(first.failures)}
        if wait_s is None:
            if await self._is_parked(partition, group, fault):
                self._log.error("message_parked", **fields, exc_info=fault.cause)
            return
        self._metrics.retried(first.message.topic.service, first.envelope.type)
        self._log.warning("message_retried", **fields, wait_s=round(wait_s, 3), exc_info=fault.cause)
        partition.hold(group.identity, self._clock(), timedelta(seconds=wait_s), group.deliveries)
        if failure := self._shown(first, fault, wait_s):
            # No answer, so nothing that the inbox keeps: who asks again under the id gets the real one.
            self._ledger.owe(first, Answer(id=first.message_id, failure=failure))

    def _shown(self, delivery: Delivery, fault: Fault, wait_s: float | None) -> str | None:
        """What is told at once to who asked; None where nobody is to know."""
        if not self._shows_faults or delivery.failures > 1 or delivery.envelope.replyto is None:
            return None
        becomes = "waits in the dead letters" if wait_s is None else f"is tried again in {wait_s:.1f} s and later"
        return (
            f"The handler of {delivery.envelope.type} failed. The message {becomes}, under {delivery.message_id}: ask again "
            f"under this id for how it went.\n\n{own_traceback(fault.cause)}"
        )

    def _waited_enough(self, first: Delivery, fault: Fault) -> bool:
        """Whether what it waits for has not come in time: streams are cut only up to what waits."""
        now = self._clock()
        longest = self._unknown_wait if isinstance(fault.cause, NewerRelease) else BUSY_WAIT
        return now - (first.waits_since or now) >= longest

    def _wait(self, partition: Partition, group: Group, fault: Fault) -> None:
        """Hold a key back whose message is not to blame; look again now and then, less often the longer it takes."""
        first, now, reason = group.deliveries[0], self._clock(), error_text(fault.cause, _LONGEST_REASON)
        if first.waits_since is None:
            first.waits_since = now
            self._log.warning("message_waits", **message_fields(first.envelope), type=first.envelope.type, reason=reason)
        first.waits_for = reason
        if isinstance(first.problem, DatabaseDamaged):
            first.problem = None  # until the inbox is asked again
        waited = max(timedelta(), now - first.waits_since)
        wait = min(max(waited / 4, _SHORTEST_WAIT), _LONGEST_WAIT)
        waits_for = _NEWER if isinstance(fault.cause, NewerRelease) else reason_of(fault.cause)
        partition.hold(group.identity, now, wait, group.deliveries, waits_for)

    async def _is_parked(self, partition: Partition, group: Group, fault: Fault) -> bool:
        """Park a key. Where the dead letters are locked, it waits, and fails once more before that is tried again."""
        first = group.deliveries[0]
        cause, shown = described(fault.cause, _LONGEST_ERROR), self._shown(first, fault, None)
        try:
            await self._park(partition, group.deliveries, cause, shown)
        except DatabaseBusy as busy:
            first.failures -= 1
            self._wait(partition, group, Fault(busy, waits=True))
            return False
        return True

    async def _park(self, partition: Partition, deliveries: Sequence[Delivery], error: str, shown: str | None) -> None:
        identity = deliveries[0].identity
        everything = [*deliveries, *partition.held.get(identity, ())]
        rows = [_row(delivery, behind=i > 0, error=error if i == 0 else "") for i, delivery in enumerate(everything)]
        try:
            await self._commit(self._ledger.park(partition, rows, everything))
        except (LeaseLost, DatabaseUnavailable):
            raise
        except Exception as refused:  # noqa: BLE001 - what went wrong is the one part that may be anything
            rows[0] = rows[0]._replace(error=f"The cause could not be kept: {type(refused).__name__}. The log has it.")
            await self._commit(self._ledger.park(partition, rows, everything))
        partition.park(identity)
        self._finish(partition, everything, shown)

    async def park_behind(self, partition: Partition, deliveries: Sequence[Delivery]) -> None:
        """Messages of a key that is parked join it, so that their order stays."""
        if not deliveries:
            return
        try:
            await self._commit(self._ledger.park(partition, [_row(d, behind=True, error="") for d in deliveries], deliveries))
        except DatabaseBusy as busy:
            for group in group_by_identity(deliveries):
                self._wait(partition, group, Fault(busy, waits=True))
            return
        self._finish(partition, deliveries)

    async def park_unreadable(self, partition: Partition, row: ParkedRow) -> None:
        """An entry that nobody can read; it holds nothing back."""
        self._log.error("message_unreadable", message_id=str(row.message_id), type=row.wire_type, error=row.error)
        await self._commit(self._ledger.park(partition, [row._replace(error=storable(row.error, _LONGEST_ERROR))], ()))

    def _finish(self, partition: Partition, deliveries: Sequence[Delivery], shown: str | None = None) -> None:
        """See to it that those who asked know; ``shown`` is for who asked the first."""
        for i, delivery in enumerate(deliveries):
            partition.finish(delivery)
            self._metrics.parked(delivery.message.topic.service, delivery.envelope.type)
            refusal = Refusal.locked(
                "message_parked",
                f"The message could not be handled and waits in the dead letters under {delivery.message_id}. "
                "It is handled when an operator redrives it; do not send it again.",
            )
            failure = shown if i == 0 else None
            self._ledger.owe(delivery, Answer(id=delivery.message_id, refusal=refusal.document, failure=failure))

    async def _commit(self, commit: Commit) -> None:
        async with self._store.transaction(own=True) as transaction:
            await transaction.commit(commit)
        self._ledger.applied(commit)


def _row(delivery: Delivery, *, behind: bool, error: str) -> ParkedRow:
    return ParkedRow(
        delivery.message_id,
        delivery.partition,
        *delivery.identity,
        delivery.envelope.type,
        delivery.stream,
        delivery.body,
        behind,
        error,
        delivery.failures,
    )


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
