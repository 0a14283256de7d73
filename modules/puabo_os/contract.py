"""What PUABO OS owns on the bus. It observes the platform and passes requests on; only what operators order is its own."""

from uuid import UUID

from msgspec import Struct

from bus import Command, Event, Topic

OS = Topic("puabo-os", partitions=1)

READ = "os:read"
OPERATE = "os:operate"


class ClearedKey(Struct, frozen=True, kw_only=True):
    """A key whose dead letters are tried again in order, but for those that are dropped.

    Attributes:
        partition: of the service that parked them.
        tenant: whose key it is; empty for one of the platform itself.
        drop: ids of the messages to drop for good.
    """

    partition: int
    tenant: str = ""
    key: str
    drop: tuple[UUID, ...] = ()


class Clearance(Struct, frozen=True, kw_only=True):
    """An order that stands: what is to be done with dead letters of one service.

    Attributes:
        left: so many letters more would have matched.
    """

    clearance_id: UUID
    service: str
    keys: tuple[ClearedKey, ...]
    left: int = 0


class OrderClearance(Command[Clearance], topic=OS, key="clearance_id"):
    """Order that keys with dead letters go on.

    It is written down before anything is done, so that a repeated request does what was ordered, not what it would find by
    then; and so that it is known who dropped a message.

    Attributes:
        missing: messages that were to be dropped and are not in the dead letters. With one of them, the order is refused.
        left: see `Clearance`.
    """

    clearance_id: UUID
    service: str
    keys: tuple[ClearedKey, ...]
    missing: tuple[UUID, ...] = ()
    left: int = 0


class ClearanceOrdered(Event, topic=OS, key="clearance_id"):
    """An operator (the principal of the envelope) has ordered that keys with dead letters go on."""

    clearance_id: UUID
    service: str
    keys: tuple[ClearedKey, ...]
