"""The port of the turn store: what a service keeps in its database so that nothing is lost or done twice."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from msgspec import Struct, field

from bus import StreamName
from bus.position import Position
from nexus_actors.context import JobCancel, JobStart, TimerSet
from nexus_actors.database import Transaction
from nexus_actors.errors import NexusError
from nexus_actors.identity import Identity

TIMERS_LOOKED_AT: Final = 10
"""So many rows are looked at for each identity that `TurnStore.due_timers` is asked for."""


class LeaseLost(NexusError):
    """Raised when a turn is to be committed under a generation that is no longer the current one. Nothing was written."""


class NotStorable(NexusError):
    """Raised for a value that no database keeps as it is, such as an instant without a zone. Nothing was written."""


def check_instant(instant: datetime) -> None:
    """Check an instant on its way into a store: PostgreSQL would take one without a zone for the local time of the worker.

    Raises:
        NotStorable: it has no zone.
    """
    if instant.tzinfo is None:
        raise NotStorable(f"{instant.isoformat()} has no time zone: it is no instant. Give it one, such as UTC.")


class Known(NamedTuple):
    """What the inbox says of a message that was handled before."""

    fingerprint: str | None
    answer: bytes | None


class Fence(NamedTuple):
    """Under which generation a partition's turns are committed, and how far its outbox has been published.

    Attributes:
        safe_seq: how far it has been published so long ago that the stream store cannot have lost it any more.
        history: the history of the stream store in which all this is so, and to which the checkpoints belong.
    """

    generation: int
    published_seq: int
    safe_seq: int = 0
    history: str = ""


class InboxRow(NamedTuple):
    """A message that has been handled, with its answer."""

    message_id: UUID
    fingerprint: str | None
    answer: bytes | None


class StateRow(NamedTuple):
    """An actor's state."""

    actor: str
    tenant: str
    key: str
    body: bytes


class OutboxRow(NamedTuple):
    """A message to publish. ``seq`` counts up in its partition."""

    partition: int
    seq: int
    stream: StreamName
    message_id: UUID
    body: bytes


class ParkedRow(NamedTuple):
    """A message in the dead letters. ``failed`` ones stand for themselves, ``behind`` ones wait for one of their identity."""

    message_id: UUID
    partition: int
    tenant: str
    key: str
    wire_type: str
    stream: StreamName
    body: bytes
    behind: bool
    error: str
    attempts: int

    @property
    def identity(self) -> Identity:
        """What it was ordered by."""
        return Identity(self.tenant, self.key)


class TimerGone(NamedTuple):
    """A timer to remove: whichever has that name, or only the one whose message this is."""

    tenant: str
    key: str
    name: str
    message_id: UUID | None


class Timer(NamedTuple):
    """A timer that is due. ``message_id`` is that of the envelope in ``body``."""

    tenant: str
    key: str
    name: str
    due_at: datetime
    body: bytes
    message_id: UUID


class TimerPlace(NamedTuple):
    """Where a timer stands in the order of its partition's timers: the earliest first, then by tenant, key and name."""

    due_at: datetime
    tenant: str
    key: str
    name: str

    @property
    def identity(self) -> Identity:
        """Whose timer it is."""
        return Identity(self.tenant, self.key)


class DueTimers(NamedTuple):
    """Timers that are due, one of an identity, the earliest first.

    Attributes:
        place: how far it was looked; None to the end.
        left: of the identities that were looked at, more timers are due than these.
    """

    timers: list[Timer]
    place: TimerPlace | None
    left: bool


class Commit(Struct):
    """Everything that a batch of turns leaves behind, besides the rows that its handlers wrote."""

    fences: dict[int, Fence]
    checkpoints: dict[StreamName, Position]
    inbox: list[InboxRow]
    states: list[StateRow]
    outbox: list[OutboxRow]
    timers: list[tuple[int, TimerSet]]
    timers_gone: list[TimerGone]
    parked: list[ParkedRow]
    unparked: list[UUID]
    released: list[tuple[int, Identity]]
    jobs: list[JobStart] = field(default_factory=list)
    cancelled: list[JobCancel] = field(default_factory=list)
    states_gone: list[tuple[str, str, str]] = field(default_factory=list)


class Resumed(NamedTuple):
    """Where the owner of a partition takes up; for ``safe_seq`` and ``history`` see `Fence`."""

    checkpoints: dict[StreamName, Position]
    published_seq: int
    last_seq: int
    parked_keys: set[Identity]
    released_keys: set[Identity]
    next_timer_at: datetime | None
    safe_seq: int = 0
    history: str = ""


class TurnTransaction(Protocol):
    """The transaction of a batch of turns."""

    @property
    def db(self) -> Transaction:
        """What handlers write through; the transaction begins with its first use."""
        ...

    async def commit(self, commit: Commit) -> None:
        """Write it all and commit.

        Raises:
            LeaseLost: a generation is not the current one; nothing was written.
            DatabaseUnavailable: the outcome is unknown.
        """
        ...


class TurnStore(Protocol):
    """What a service's turns read and write besides their own tables.

    Raises (every method): `DatabaseUnavailable` when the database cannot be reached.
    """

    async def known(self, message_ids: Sequence[UUID]) -> Mapping[UUID, Known]:
        """Which of these messages have been handled."""
        ...

    async def states(self, wanted: Sequence[tuple[str, str, str]]) -> Mapping[tuple[str, str, str], bytes]:
        """The states of some (actor, tenant, key)."""
        ...

    def transaction(self, *, own: bool = False) -> AbstractAsyncContextManager[TurnTransaction]:
        """A transaction, rolled back unless it is committed.

        Args:
            own: the runtime's, with nothing of handlers in it: that those wait in vain for locks does not shorten its patience.
        """
        ...

    async def resume(self, partition: int) -> Resumed:
        """Where a partition's new owner takes up."""
        ...

    async def due_timers(
        self, partition: int, now: datetime, limit: int, *, after: TimerPlace | None = None, without: Collection[Identity] = ()
    ) -> DueTimers:
        """The earliest due timers of up to so many identities of a partition.

        It takes a bounded time, however many are due: `TIMERS_LOOKED_AT` rows for each identity that is wanted.

        Args:
            after: look at the timers behind this place. Of an identity that has one there, the earliest of all comes.
            without: identities that are left out.
        """
        ...

    async def next_timer_at(self, partition: int, after: datetime) -> datetime | None:
        """When a partition's next timer after an instant is due."""
        ...

    async def outbox_after(self, partition: int, seq: int, limit: int) -> list[OutboxRow]:
        """What a partition's turns published after ``seq``."""
        ...

    async def outbox_streams(self, partition: int, since: datetime, seq: int) -> tuple[int, list[StreamName]]:
        """Into which streams a partition's turns since an instant, up to ``seq``, have published.

        Returns:
            The number before the first of theirs, and the streams.
        """
        ...

    async def parked(self, partition: int, identity: Identity, only: Sequence[UUID] | None = None) -> list[ParkedRow]:
        """An identity's dead letters, the oldest first; of these messages alone where they are named."""
        ...
