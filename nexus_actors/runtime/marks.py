"""Saving how far partitions have come, where no turn takes it along."""

from collections.abc import Sequence

from nexus_actors.runtime.ledger import TurnLedger
from nexus_actors.runtime.partition import Partition
from nexus_actors.runtime.store import TurnStore


class Marks:
    """Commits checkpoints and published marks."""

    def __init__(self, store: TurnStore, ledger: TurnLedger) -> None:
        self._store = store
        self._ledger = ledger

    async def save(self, partitions: Sequence[Partition]) -> None:
        """Commit those of some partitions.

        Raises:
            LeaseLost: one of them has another owner.
            DatabaseUnavailable: the outcome is unknown.
        """
        if not partitions:
            return
        commit = self._ledger.marks(partitions)
        async with self._store.transaction(own=True) as transaction:
            await transaction.commit(commit)
        self._ledger.applied(commit)
