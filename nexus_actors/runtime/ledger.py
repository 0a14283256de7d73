"""What results mean for a partition: the rows to commit, and what changes in memory once they are committed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from bus.requests import Answer, encode_answer
from nexus_actors.context import Outbound, TimerSet
from nexus_actors.identity import Identity
from nexus_actors.runtime.activations import Activation
from nexus_actors.runtime.delivery import Delivery
from nexus_actors.runtime.partition import Partition
from nexus_actors.runtime.store import Commit, InboxRow, OutboxRow, ParkedRow, TimerGone, TurnStore
from nexus_actors.runtime.turn import Result
from nexus_actors.telemetry.metrics import Outcome, ServiceMetrics


class TurnLedger:
    """Builds the commits of one service's partitions; see `nexus_actors.runtime.batch.Ledger`.

    Args:
        jobs_changed: called when a commit has started or cancelled jobs.
    """

    def __init__(
        self, partitions: Mapping[int, Partition], metrics: ServiceMetrics, jobs_changed: Callable[[], None] = lambda: None
    ) -> None:
        self._partitions = partitions
        self._metrics = metrics
        self._jobs_changed = jobs_changed
        self.answers: list[tuple[str, Answer]] = []

    def commit_of(self, results: Sequence[Result]) -> Commit:
        """What these results leave behind."""
        deliveries = [delivery for result in results for delivery in result.group.deliveries]
        commit = self._frame({result.group.partition for result in results}, deliveries)
        timers: dict[tuple[str, str, str], tuple[int, TimerSet | None]] = {}
        for result in results:
            partition = self._partitions[result.group.partition]
            commit.inbox += map(_inbox_row, result.group.deliveries, result.answers)
            commit.states += filter(None, map(Activation.row, result.activations))
            for effects in result.effects:
                self._add_outbound(commit, partition, effects.outbound)
                for name, timer in effects.timers.items():
                    timers[name] = partition.number, timer
                commit.jobs += effects.jobs
                commit.cancelled += effects.cancelled
        commit.timers_gone += _fired(deliveries)
        commit.unparked += [delivery.message_id for delivery in deliveries if delivery.parked]
        for name, (number, timer) in timers.items():
            if timer is None:
                commit.timers_gone.append(TimerGone(*name, None))
            else:
                commit.timers.append((number, timer))
        return commit

    def park(self, partition: Partition, rows: Sequence[ParkedRow], deliveries: Sequence[Delivery]) -> Commit:
        """A commit that moves messages to the dead letters; those that came from there keep their places."""
        commit = self._frame({partition.number}, deliveries)
        commit.parked += rows
        commit.timers_gone += _fired(deliveries)
        return commit

    def release(
        self,
        partition: Partition,
        delivery: Delivery,
        identity: Identity,
        answer: Answer,
        drop: Sequence[UUID],
        unheard: Sequence[UUID],
    ) -> Commit:
        """A commit that lets a parked key go on.

        Args:
            drop: the messages to drop.
            unheard: those of them that the inbox is to know from now on: what was dropped stays so when it comes again.
        """
        commit = self.order(partition, delivery, answer)
        commit.inbox += [InboxRow(message_id, None, None) for message_id in unheard]
        commit.unparked += drop
        if identity.key:
            commit.released.append((partition.number, identity))
        return commit

    def order(self, partition: Partition, delivery: Delivery, answer: Answer) -> Commit:
        """A commit that makes a command of the runtime itself known, with its answer."""
        commit = self._frame({partition.number}, [delivery])
        commit.inbox.append(_inbox_row(delivery, answer))
        return commit

    def marks(self, partitions: Sequence[Partition]) -> Commit:
        """A commit of nothing but checkpoints and published marks."""
        return self._frame({partition.number for partition in partitions}, ())

    def _frame(self, numbers: set[int], finished: Sequence[Delivery]) -> Commit:
        commit = Commit({}, {}, [], [], [], [], [], [], [], [])
        for number in sorted(numbers):
            partition = self._partitions[number]
            commit.fences[number] = partition.fence()
            commit.checkpoints.update(partition.checkpoints([d for d in finished if d.partition == number]))
        return commit

    def _add_outbound(self, commit: Commit, partition: Partition, outbound: Sequence[Outbound]) -> None:
        for message in outbound:
            seq = partition.number_row()
            commit.outbox.append(OutboxRow(partition.number, seq, message.stream, message.message_id, message.body))

    def committed(self, results: Sequence[Result], commit: Commit) -> None:
        """The commit went through: finish its deliveries, queue its outbox and its answers."""
        outcomes = Counter[tuple[str, str, Outcome]]()
        for result in results:
            for activation in result.activations:
                activation.saved = activation.settled
            for delivery, answer in zip(result.group.deliveries, result.answers, strict=True):
                self._partitions[delivery.partition].finish(delivery)
                outcome: Outcome = "done" if answer.refusal is None else "refused"
                outcomes[delivery.message.topic.service, delivery.envelope.type, outcome] += 1
                self.owe(delivery, answer)
        for settled, count in outcomes.items():
            self._metrics.handled(*settled, count)
        self.applied(commit)

    def settled(self, delivery: Delivery, outcome: Outcome) -> None:
        """Count what became of a message."""
        self._metrics.handled(delivery.message.topic.service, delivery.envelope.type, outcome)

    def owe(self, delivery: Delivery, answer: Answer) -> None:
        """An answer is to be sent, where somebody waits for it."""
        if delivery.envelope.replyto is not None:
            self.answers.append((delivery.envelope.replyto, answer))

    def take_answers(self) -> list[tuple[str, Answer]]:
        """The answers to send; they are owed no more."""
        answers, self.answers = self.answers, []
        return answers

    def applied(self, commit: Commit) -> None:
        """Take note of what a commit has saved."""
        for row in commit.outbox:
            self._partitions[row.partition].queue([row])
        for number, fence in commit.fences.items():
            self._partitions[number].fence_saved(fence, commit.checkpoints)
        for number, timer in commit.timers:
            self._partitions[number].note_timer(timer.due_at)
        if commit.jobs or commit.cancelled:
            self._jobs_changed()


def _fired(deliveries: Sequence[Delivery]) -> list[TimerGone]:
    return [TimerGone(*d.identity, d.timer, d.message_id) for d in deliveries if d.timer is not None]


def _inbox_row(delivery: Delivery, answer: Answer) -> InboxRow:
    """The row that makes the message known; answers of commands are kept for those who ask again."""
    keep = delivery.message.channel == "commands"
    return InboxRow(delivery.message_id, delivery.envelope.fingerprint, encode_answer(answer) if keep else None)


class CheckpointWriter:
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
