"""The envelope of a message: CloudEvents 1.0, JSON event format."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Raw, Struct


class Envelope(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message on the wire, as a CloudEvent in structured JSON mode.

    The attribute names of CloudEvents are lower case without separators, so the extensions are too.
    Source: CloudEvents 1.0.2 (JSON event format; distributed tracing and partitioning extensions).
    """

    specversion: str
    id: UUID
    source: str
    type: str
    subject: str
    time: datetime
    data: Raw
    datacontenttype: str = "application/json"
    traceparent: str | None = None
    correlationid: UUID | None = None
    causationid: UUID | None = None
    tenant: str | None = None
    principal: str | None = None
    scopes: str | None = None
    replyto: str | None = None
    deadline: datetime | None = None
    fingerprint: str | None = None

    def replace(self, **changes: object) -> "Envelope":
        """A copy with some attributes changed."""
        return msgspec.structs.replace(self, **changes)
