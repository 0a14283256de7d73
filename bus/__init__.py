"""The typed event bus of Nexus COS, over Redis Streams. It knows messages, partitions and delivery; no SQL and no HTTP."""

from bus.envelope import Envelope
from bus.errors import (
    BusError,
    BusUnavailable,
    ContractError,
    DeadlineExceeded,
    HandlerFailed,
    MalformedMessage,
    NewerRelease,
    NotPermitted,
    Overloaded,
    PublishFailed,
    PublishForbidden,
    StreamGone,
    TooLarge,
    UnknownMessage,
    Unwritable,
)
from bus.ids import derive_id, has_time, id_floor, id_time, keyed_id, new_id, turn_id
from bus.instant import Instant
from bus.message import Command, Event, Message, Reply
from bus.refusal import FieldError, Refusal, RefusalDocument, RefusalKind
from bus.topic import Channel, StreamName, Topic

__all__ = [
    "BusError",
    "BusUnavailable",
    "Channel",
    "Command",
    "ContractError",
    "DeadlineExceeded",
    "Envelope",
    "Event",
    "FieldError",
    "HandlerFailed",
    "Instant",
    "MalformedMessage",
    "Message",
    "NewerRelease",
    "NotPermitted",
    "Overloaded",
    "PublishFailed",
    "PublishForbidden",
    "Refusal",
    "RefusalDocument",
    "RefusalKind",
    "Reply",
    "StreamGone",
    "StreamName",
    "TooLarge",
    "Topic",
    "UnknownMessage",
    "Unwritable",
    "derive_id",
    "has_time",
    "id_floor",
    "id_time",
    "keyed_id",
    "new_id",
    "turn_id",
]
