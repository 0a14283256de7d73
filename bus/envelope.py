"""The envelope of a message: CloudEvents 1.0, JSON event format."""

from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from bus.data import data_of
from bus.errors import ContractError
from bus.instant import Instant
from bus.message import Message
from bus.text import is_storable

LONGEST_KEY = 512
LONGEST_TENANT = 64
"""In characters. With a key and the name of a timer, it has to fit into an index."""


class Envelope(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message on the wire, as a CloudEvent in structured JSON mode.

    The attribute names of CloudEvents are lower case without separators, so the extensions are too.
    Source: CloudEvents 1.0.2 (JSON event format; distributed tracing and partitioning extensions).

    Attributes:
        specversion: version of CloudEvents, 1.0.
        id: names the message; it stays the same through retries, redrives and replays.
        source: the service or program that sent it.
        type: the wire type, `nexus.<service>.<message>.v<version>`.
        subject: the key that orders it.
        time: when it was sent, UTC.
        data: the message.
        dataschema: mark of the schema that its writer knows the data by, such as `nexus:1a2b3c4d`. A reader that cannot read
            the data, and knows another schema, is of an older release.
        traceparent: W3C trace context of what caused it.
        correlationid: id of the first message of the chain that led to it.
        causationid: id of the message whose handling sent it.
        tenant: whose affair it is.
        principal: subject of the caller who caused it.
        scopes: what that caller was allowed, separated by spaces.
        replyto: the stream that gets the answer to a command.
        deadline: when the asker stops waiting for the answer.
        fingerprint: hash of the request that a command was made from; another request under the same id is refused.
        forwarded: it is an event that a service passed on to itself under another key.
    """

    specversion: str
    id: UUID
    source: str
    type: str
    subject: str
    time: Instant
    data: Raw
    datacontenttype: str = "application/json"
    dataschema: str | None = None
    traceparent: str | None = None
    correlationid: UUID | None = None
    causationid: UUID | None = None
    tenant: str | None = None
    principal: str | None = None
    scopes: str | None = None
    replyto: str | None = None
    deadline: Instant | None = None
    fingerprint: str | None = None
    forwarded: bool = False

    def replace(self, **changes: object) -> "Envelope":
        """A copy with some attributes changed."""
        return msgspec.structs.replace(self, **changes)


def key_problem(key: str) -> str | None:
    """Why a text cannot order messages: CloudEvents want one that is not empty, databases a short one that they can keep."""
    if 0 < len(key) <= LONGEST_KEY and key.isascii() and "\0" not in key:
        return None
    if not key:
        return "is empty"
    if len(key) > LONGEST_KEY:
        return f"has {len(key)} characters, more than {LONGEST_KEY}"
    return None if is_storable(key) else "holds a NUL character or half a surrogate pair"


def tenant_problem(tenant: str) -> str | None:
    """Why a text cannot name a tenant: databases want a short one that they can keep."""
    if len(tenant) > LONGEST_TENANT:
        return f"has {len(tenant)} characters, more than {LONGEST_TENANT}"
    return None if is_storable(tenant) else "holds a NUL character or half a surrogate pair"


def _subject(message: Message, key: str | None) -> str:
    subject = message.key_of() if key is None else key
    if problem := key_problem(subject):
        raise ContractError(f"The key of {message.wire} {problem}. Give it one of 1 to {LONGEST_KEY} characters.")
    return subject


def seal(
    message: Message, *, message_id: UUID, source: str, now: Instant, cause: Envelope | None = None, key: str | None = None
) -> Envelope:
    """Put a message into its envelope.

    Args:
        source: the service or program that sends it.
        cause: the envelope whose handling sends it: correlation, tenant, principal and trace are taken over from it.
        key: the ordering key, where it is not the message's own.

    Raises:
        ContractError: the key cannot order messages (`key_problem`), or its own type forbids the message (`bus.round_trip`).
    """
    subject, kind, written = _subject(message, key), message.wire, data_of(type(message))
    data, mark = Raw(written.exchange(message)[0]), written.schema
    if cause is None:
        return Envelope(
            specversion="1.0", id=message_id, source=source, type=kind, subject=subject, time=now, data=data, dataschema=mark
        )
    return Envelope(
        specversion="1.0",
        id=message_id,
        source=source,
        type=kind,
        subject=subject,
        time=now,
        data=data,
        dataschema=mark,
        traceparent=cause.traceparent,
        correlationid=cause.correlationid or cause.id,
        causationid=cause.id,
        tenant=cause.tenant,
        principal=cause.principal,
        scopes=cause.scopes,
    )
