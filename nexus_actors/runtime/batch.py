"""Group commit: a batch of groups in one transaction, and one by one where that does not go through."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from nexus_actors.database import Transaction
from nexus_actors.errors import DatabaseBusy, DatabaseDamaged, DatabaseUnavailable
from nexus_actors.identity import Identity
from nexus_actors.runtime.activations import Activations
from nexus_actors.runtime.delivery import Delivery, Group
from nexus_actors.runtime.store import Commit, LeaseLost, TurnStore, TurnTransaction
from nexus_actors.runtime.turn import Fault, Result, Turns
from nexus_actors.telemetry.metrics import ServiceMetrics


class Ledger(Protocol):
    """Turns results into commits, and takes note of those that went through."""

    def commit_of(self, results: Sequence[Result]) -> Commit:
        """What these results leave behind."""
        ...

    def committed(self, results: Sequence[Result], commit: Commit) -> None:
        """It is in the database now."""
        ...


LONGEST_S: Final = 0.25
"""After so many seconds a transaction takes no more groups. Others wait for its locks, and must not take it for a trouble: what
they wait before that is several times as long.
"""
_MOST_CAUSES = 1_000

Failed = Callable[[Group, Fault], Awaitable[None]]


class _Attempt:
    """One transaction's worth of groups.

    Attributes:
        waiting: those that are not to blame for what kept them from going through.
    """

    def __init__(self) -> None:
        self.good: list[Result] = []
        self.faulty: list[tuple[Group, Fault]] = []
        self.waiting: list[tuple[Group, Fault]] = []
        self.alone: list[Result] = []
        self.left: Sequence[Group] = ()
        self.spoilt = False


class Batches:
    """Commits batches of turns.

    Args:
        failed: what becomes of a group whose first delivery failed when it was tried alone.
    """

    def __init__(
        self,
        store: TurnStore,
        turns: Turns,
        activations: Activations,
        ledger: Ledger,
        failed: Failed,
        metrics: ServiceMetrics,
        stopwatch: Callable[[], float],
    ) -> None:
        self._store = store
        self._turns = turns
        self._activations = activations
        self._ledger = ledger
        self._failed = failed
        self._metrics = metrics
        self._stopwatch = stopwatch

    async def settle(self, groups: Sequence[Group]) -> None:
        """Handle and commit these groups; a group that fails holds back itself alone.

        Raises:
            LeaseLost: a partition is not owned any more. Nothing of the batch that was not committed before took effect.
            DatabaseUnavailable: the outcome of the last transaction is unknown.
        """
        while groups:
            groups = await self._settle(groups)

    async def _settle(self, groups: Sequence[Group]) -> Sequence[Group]:
        """Handle groups until the time of one transaction is over; return those that are left."""
        try:
            await self._turns.wake(groups)
        except DatabaseDamaged as damaged:
            return await self._without(groups, damaged)
        attempt = await self._attempt(groups)
        if attempt.spoilt:
            clean = [result.group for result in attempt.good]
            if clean:
                await self.settle(clean)
        for group, fault in attempt.waiting:
            await self._narrow(group, fault, is_sure=True)
        for result in attempt.alone:
            await self._one_by_one(result.group)
        for group, fault in attempt.faulty:
            await self._narrow(group, fault, is_sure=len(groups) == 1)
        return attempt.left

    async def _narrow(self, group: Group, fault: Fault, *, is_sure: bool) -> None:
        """Find which delivery of a group failed, so that those before it take effect. Where there is one, it may be known."""
        if is_sure and len(group.deliveries) == 1:
            await self._failed(group, fault)
        else:
            await self._one_by_one(group)

    async def _without(self, groups: Sequence[Group], damaged: DatabaseDamaged) -> Sequence[Group]:
        """A state among theirs cannot be read: find whose it is, half by half, and hold that key back; return those left."""
        if len(groups) == 1:
            await self._failed(groups[0], Fault(damaged, waits=True))
            return ()
        middle = len(groups) // 2
        await self.settle(groups[:middle])
        return groups[middle:]

    async def _attempt(self, groups: Sequence[Group]) -> _Attempt:
        attempt = _Attempt()
        try:
            async with self._store.transaction() as transaction:
                await self._run_all(groups, transaction.db, attempt)
                if not attempt.spoilt and attempt.good:
                    await self._commit(attempt.good, transaction)
        except DatabaseBusy as error:
            self._blame(attempt, error)
        except (LeaseLost, DatabaseUnavailable):
            self._forget(attempt.good)
            raise
        except Exception as error:  # noqa: BLE001 - the commit itself was refused: find out which group is to blame
            self._blame(attempt, error)
        if attempt.spoilt:
            self._forget(attempt.good)
        return attempt

    def _blame(self, attempt: _Attempt, error: Exception) -> None:
        self._forget(attempt.good)
        busy = isinstance(error, DatabaseBusy)
        attempt.faulty += [(result.group, Fault(error, waits=busy)) for result in attempt.good]
        attempt.good.clear()

    async def _run_all(self, groups: Sequence[Group], db: Transaction, attempt: _Attempt) -> None:
        """Run groups until time is up: locks are held, and what was written first waits for the commit."""
        started = self._stopwatch()
        for done, group in enumerate(groups, start=1):
            await self._run(group, db, attempt)
            if attempt.waiting or self._stopwatch() - started > LONGEST_S:
                attempt.left = groups[done:]
                return

    async def _run(self, group: Group, db: Transaction, attempt: _Attempt) -> None:
        statements = db.statements
        try:
            result = await self._turns.run(group, db)
        except Fault as fault:
            lost = _lost_behind(fault.cause)
            if lost is not None and not isinstance(lost, DatabaseBusy):
                raise lost from fault
            self._activations.drop_identity(group.identity)
            if lost is not None:
                attempt.waiting.append((group, Fault(lost, waits=True)))
                attempt.spoilt = True
                return
            attempt.faulty.append((group, fault))
            attempt.spoilt |= db.statements != statements
            return
        if result.refused_after_writing:
            self._forget([result])
            attempt.alone.append(result)
            attempt.spoilt = True
        else:
            attempt.good.append(result)

    async def _one_by_one(self, group: Group) -> None:
        """Each delivery in a transaction of its own, up to the first that fails."""
        for index, delivery in enumerate(group.deliveries):
            single = Group(group.partition, group.identity, [delivery])
            if fault := await self._alone(single):
                await self._failed(Group(group.partition, group.identity, group.deliveries[index:]), fault)
                return

    async def _alone(self, single: Group) -> Fault | None:
        """One delivery in a transaction of its own; why it failed, where it did."""
        try:
            await self._turns.wake([single])
        except DatabaseDamaged as damaged:
            return Fault(damaged, waits=True)
        attempt = await self._attempt([single])
        if attempt.alone:
            await self._refuse(attempt.alone[0], attempt)
        return next((fault for _, fault in [*attempt.faulty, *attempt.waiting]), None)

    async def _refuse(self, refused: Result, attempt: _Attempt) -> None:
        """A command was refused after it had written: the writing is rolled back, the refusal alone is kept."""
        try:
            async with self._store.transaction() as transaction:
                await self._commit([Result(refused.group, refused.answers, [], set())], transaction)
        except DatabaseBusy as busy:
            attempt.faulty.append((refused.group, Fault(busy, waits=True)))
        except (LeaseLost, DatabaseUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - what cannot be kept is the fault of its turn here too
            attempt.faulty.append((refused.group, Fault(error)))

    async def _commit(self, results: Sequence[Result], transaction: TurnTransaction) -> None:
        commit = self._ledger.commit_of(results)
        started = self._stopwatch()
        await transaction.commit(commit)
        self._metrics.committed(len(commit.inbox), self._stopwatch() - started)
        self._ledger.committed(results, commit)

    def _forget(self, results: Sequence[Result]) -> None:
        for result in results:
            self._activations.drop(result.activations)


def _lost_behind(error: BaseException | None) -> DatabaseUnavailable | None:
    """The trouble of the database that an error goes back to: a handler may have caught it and raised another."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < _MOST_CAUSES:
        one = waiting.pop()
        if isinstance(one, DatabaseUnavailable):
            return one
        # Whoever raises an error from itself makes a circle.
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            waiting += [one.__context__, one.__cause__, *(one.exceptions if isinstance(one, BaseExceptionGroup) else ())]
    return None


def group_by_identity(deliveries: Sequence[Delivery]) -> list[Group]:
    """The deliveries of each identity together, in the order in which these first came."""
    groups: dict[tuple[int, Identity], Group] = {}
    for delivery in deliveries:
        name = (delivery.partition, delivery.identity)
        groups.setdefault(name, Group(*name, [])).deliveries.append(delivery)
    return list(groups.values())
