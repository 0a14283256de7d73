"""From stream entries to deliveries: what this service handles, and what it cannot read."""

from collections.abc import Mapping
from uuid import UUID

from bus import BusError, Envelope, MalformedMessage, StreamName, new_id
from bus.codec import Contracts, decode_envelope
from bus.store import Entry
from nexus_actors.runtime.delivery import Delivery
from nexus_actors.runtime.partition import Partition
from nexus_actors.runtime.release import ReleaseKey
from nexus_actors.runtime.store import ParkedRow, Timer
from nexus_actors.service import Service


class Unreadable(Exception):
    """An entry that no handler will ever take: it goes to the dead letters as it is."""

    def __init__(self, row: ParkedRow) -> None:
        super().__init__(row.error)
        self.row = row


class Intake:
    """Turns entries into deliveries."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._own = f"{{{service.name}:"
        self._contracts = Contracts([*service.handled, ReleaseKey])

    def partition_of(self, stream: StreamName, partitions: Mapping[int, Partition]) -> Partition | None:
        """Which of the owned partitions reads a stream."""
        number = int(stream[stream.index(":") + 1 : stream.index("}")]) % self._service.topic.partitions
        partition = partitions.get(number)
        return partition if partition is not None and stream in partition.trackers else None

    def deliver(self, entry: Entry, partition: Partition) -> Delivery | None:
        """The delivery of an entry; None for an event that nobody here handles.

        Raises:
            Unreadable: it is malformed, or a command that this service does not know.
        """
        try:
            envelope = decode_envelope(entry.body)
        except MalformedMessage as error:
            raise Unreadable(self._unreadable(entry, partition, new_id(), "", "unknown", error)) from error
        if self._ignored(entry, envelope):
            return None
        try:
            message = self._contracts.decode(envelope)
        except BusError as error:
            row = self._unreadable(entry, partition, envelope.id, envelope.subject, envelope.type, error)
            raise Unreadable(row) from error
        return Delivery(partition.number, envelope, message, entry.body, entry.stream, entry.position)

    def _ignored(self, entry: Entry, envelope: Envelope) -> bool:
        """An event of a type that is not subscribed to; an own command is never ignored."""
        return self._contracts.find(envelope.type) is None and not (
            entry.stream.startswith(self._own) and entry.stream.endswith(":commands")
        )

    def from_timer(self, timer: Timer, partition: int) -> Delivery:
        """The delivery of a timer that is due."""
        envelope = decode_envelope(timer.body)
        message = self._contracts.decode(envelope)
        stream = self._service.topic.stream("commands", partition)
        return Delivery(partition, envelope, message, timer.body, stream, None, timer=timer.name)

    def from_parked(self, row: ParkedRow) -> Delivery:
        """The delivery of a dead letter that is tried again."""
        envelope = decode_envelope(row.body)
        message = self._contracts.decode(envelope)
        return Delivery(row.partition, envelope, message, row.body, row.stream, None, parked=True)

    def _unreadable(
        self, entry: Entry, partition: Partition, message_id: UUID, key: str, wire_type: str, error: BusError
    ) -> ParkedRow:
        return ParkedRow(
            message_id, partition.number, key, wire_type, entry.stream, entry.body, behind=False, error=str(error), attempts=0
        )
