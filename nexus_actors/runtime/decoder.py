"""From stream entries to deliveries: what this service handles, and what it cannot read."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Final
from uuid import UUID

from msgspec import Raw

from bus import Envelope, MalformedMessage, Message, NewerRelease, StreamName, keyed_id
from bus.codec import Contracts, decode_envelope
from bus.store import Entry
from bus.topic import stream_parts
from nexus_actors.failures.blame import blamed
from nexus_actors.identity import DEFAULT_TENANT, PLATFORM, Identity
from nexus_actors.runtime.delivery import Delivery, Unreadable
from nexus_actors.runtime.own_commands import STATE_COMMANDS, ReleaseKey
from nexus_actors.runtime.partition import Partition
from nexus_actors.runtime.store import ParkedRow, Timer, TurnStore
from nexus_actors.service import Service

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNKNOWN: Final = "unknown"
_TIMER_KEYS: Final = 100
"""So many keys' timers are looked at in a round."""


class NoEnvelope(Exception):
    """An entry that is no CloudEvent and so has no key: it goes to the dead letters as it is, and holds nothing back."""

    def __init__(self, row: ParkedRow) -> None:
        super().__init__(row.error)
        self.row = row


class Decoder:
    """Turns entries into deliveries.

    A message that cannot be read becomes a delivery too: what is behind it in the order of its key must not overtake it.

    Args:
        awaited: the types of events that a newer release of the service handles, and this one does not.
    """

    def __init__(self, service: Service, awaited: Callable[[], Collection[str]] = tuple) -> None:
        self._service = service
        self._awaited = awaited
        self._own = f"{{{service.name}:"
        self._contracts = Contracts([*service.handled, ReleaseKey, *STATE_COMMANDS])
        self._platforms = {kind for kind, handlers in service.handled.items() if any(h.actor.platform for h in handlers)}
        self._has_tenants = any(not actor.platform for actor in service.actors)

    def partition_of(self, stream: StreamName, partitions: Mapping[int, Partition]) -> Partition | None:
        """Which of the owned partitions reads a stream."""
        partition = partitions.get(_number_of(stream) % self._service.topic.partitions)
        return partition if partition is not None and stream in partition.trackers else None

    def deliver(self, entry: Entry, partition: Partition) -> Delivery | None:
        """The delivery of an entry; None for an event that nobody here handles.

        Raises:
            NoEnvelope: the entry is malformed.
        """
        try:
            envelope = decode_envelope(entry.body)
        except MalformedMessage as error:
            raise NoEnvelope(_nameless(entry, partition, error)) from error
        if self._ignored(entry, envelope):
            return None
        message, problem = self._read(envelope)
        identity = Identity(self._tenant(envelope), envelope.subject)
        return Delivery(
            partition.number, envelope, message, entry.body, entry.stream, entry.position, identity, problem=problem
        )

    def _tenant(self, envelope: Envelope) -> str:
        """Whose actors handle it. What this release cannot read is ordered as another version of the message would be."""
        kind = self._contracts.kin(envelope.type)
        if kind in self._platforms or not self._has_tenants:
            return PLATFORM
        return envelope.tenant or DEFAULT_TENANT

    def _ignored(self, entry: Entry, envelope: Envelope) -> bool:
        """An event of a type that is not subscribed to, by a newer release neither; an own command is never ignored."""
        if self._contracts.find(envelope.type) is not None:
            return False
        if entry.stream.startswith(self._own) and entry.stream.endswith(":commands"):
            return False
        return not self._contracts.knows_older(envelope.type) and envelope.type not in self._awaited()

    def _read(self, envelope: Envelope) -> tuple[Message, Exception | None]:
        try:
            return self._contracts.decode(envelope), None
        except BaseException as error:  # noqa: BLE001 - `upcast` and `__post_init__` raise what they like
            cause = blamed(error)
            return Unreadable(type=envelope.type), self._newer(envelope.type) if envelope.type in self._awaited() else cause

    def _newer(self, wire_type: str) -> NewerRelease:
        return NewerRelease(f"a newer release of {self._service.name} handles {wire_type}, and this one does not")

    def from_timer(self, timer: Timer, partition: int) -> Delivery:
        """The delivery of a timer that is due."""
        envelope, message, problem = self._open(timer.body, timer.message_id, timer.key, _UNKNOWN)
        stream = self._service.topic.stream("commands", partition)
        identity = Identity(timer.tenant, timer.key)
        return Delivery(partition, envelope, message, timer.body, stream, None, identity, timer=timer.name, problem=problem)

    def from_parked(self, row: ParkedRow) -> Delivery:
        """The delivery of a dead letter that is tried again."""
        envelope, message, problem = self._open(row.body, row.message_id, row.key, row.wire_type)
        identity = Identity(row.tenant, row.key)
        return Delivery(row.partition, envelope, message, row.body, row.stream, None, identity, parked=True, problem=problem)

    def _open(self, body: bytes, message_id: UUID, key: str, wire_type: str) -> tuple[Envelope, Message, Exception | None]:
        """What was kept, with its message; a stand-in where an earlier release could read it and this one cannot."""
        try:
            envelope = decode_envelope(body)
        except MalformedMessage as error:
            return _stand_in(message_id, key, wire_type), Unreadable(type=wire_type), error
        return envelope, *self._read(envelope)


@cache
def _number_of(stream: StreamName) -> int:
    """Which partition of its topic a stream belongs to. There are as many names as streams that are read."""
    return stream_parts(stream).partition


def _nameless(entry: Entry, partition: Partition, error: MalformedMessage) -> ParkedRow:
    """An entry without an id gets one from its place, so that reading it again does not make it two."""
    message_id = keyed_id("no envelope", entry.stream, str(entry.position))
    return ParkedRow(
        message_id,
        partition.number,
        PLATFORM,
        "",
        _UNKNOWN,
        entry.stream,
        entry.body,
        behind=False,
        error=str(error),
        attempts=0,
    )


def _stand_in(message_id: UUID, key: str, wire_type: str) -> Envelope:
    return Envelope(specversion="1.0", id=message_id, source="", type=wire_type, subject=key, time=_LONG_AGO, data=Raw(b"null"))


class DueTimerReader:
    """Finds the timers of a partition that are due.

    A timer's row is the truth: until the turn that it starts is committed, another turn of its key may set it anew or remove
    it.
    So only one timer of a key is taken at a time, only while its key is not held back, and it is handled before anything else.
    The others stay where they are and are looked at again afterwards.

    A round goes on behind where the last one has stopped looking, and begins anew at the end: a key with very many timers
    keeps those of others waiting for some rounds, not for as many as it has timers.
    """

    def __init__(self, store: TurnStore, decoder: Decoder) -> None:
        self._store = store
        self._decoder = decoder

    async def due(self, partition: Partition, now: datetime) -> list[Delivery]:
        """The deliveries of the timers that are due."""
        if partition.next_timer_at is None or partition.next_timer_at > now:
            return []
        after = partition.timers_seen
        found = await self._store.due_timers(partition.number, now, _TIMER_KEYS, after=after, without=partition.held)
        # What stands before the place where this round began is for the next one.
        again = found.left or found.place is not None or after is not None
        next_at = now if again else await self._store.next_timer_at(partition.number, now)
        partition.timers_looked_at(found.place, next_at)
        return [self._decoder.from_timer(timer, partition.number) for timer in found.timers]
