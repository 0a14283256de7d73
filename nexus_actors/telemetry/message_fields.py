"""What every log line about a message says of it."""

from bus import Envelope


def message_fields(envelope: Envelope) -> dict[str, str]:
    """Id, key and, where the envelope has them, trace id and principal: enough to follow the message through all services."""
    fields = {"message_id": str(envelope.id), "key": envelope.subject}
    if envelope.traceparent is not None:
        fields["trace_id"] = trace_id_of(envelope.traceparent)
    if envelope.principal is not None:
        fields["principal"] = envelope.principal
    return fields


def trace_id_of(traceparent: str) -> str:
    """The trace id in a ``traceparent``, without checking the rest; empty where there is none."""
    return traceparent.partition("-")[2].partition("-")[0]
