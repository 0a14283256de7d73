"""A message at the partition that handles it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from bus import Envelope, Event, Message, StreamName
from bus.position import Position
from nexus_actors.actor import Handler
from nexus_actors.identity import Identity
from nexus_actors.retry import RetryPolicy
from nexus_actors.runtime.own_commands import RUNTIME


class Unreadable(Event, topic=RUNTIME, key="type"):
    """Stands for a message that nobody here can read. It is in the order of its key all the same."""

    type: str


class Delivery(Struct, eq=False):
    """One message to handle.

    Attributes:
        partition: of the service that handles it.
        body: the envelope as it came.
        stream: where it came from.
        position: where in the stream; None for one that came from a timer or from the dead letters.
        identity: what it is ordered by: that of the actors that handle it.
        failures: how often its handler has failed.
        policy: what the handler that was called last does about failures, where it has a policy of its own.
        waits_since: since when it waits without being to blame, at this owner (see `Fault.waits`). It is kept nowhere: a next
            owner may be of the release that it waits for, and counts anew.
        waits_for: what it waits for, in words.
        timer: the name of the timer that fired it.
        parked: it comes from the dead letters, and leaves them when it is handled.
        problem: why it cannot be handled at all, and then the message is an `Unreadable`; or, as `DatabaseDamaged`, that nobody
            can tell whether it has been handled.
        handlers: those that are to be called here, once that has been looked up.
    """

    partition: int
    envelope: Envelope
    message: Message
    body: bytes
    stream: StreamName
    position: Position | None
    identity: Identity
    failures: int = 0
    policy: RetryPolicy | None = None
    waits_since: datetime | None = None
    waits_for: str = ""
    timer: str | None = None
    parked: bool = False
    problem: Exception | None = None
    handlers: Sequence[Handler] | None = None

    @property
    def key(self) -> str:
        """The key of the actors that handle it."""
        return self.identity.key

    @property
    def message_id(self) -> UUID:
        """The message's id."""
        return self.envelope.id


class Group(Struct, eq=False):
    """The deliveries of one identity in a batch, in order."""

    partition: int
    identity: Identity
    deliveries: list[Delivery]
