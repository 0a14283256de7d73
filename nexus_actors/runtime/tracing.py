"""How traces pass through the runtime: from those who ask into turns, and on with what turns publish."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from uuid import UUID

from bus import Envelope, Refusal, StreamName
from bus.topic import stream_parts
from nexus_actors.runtime.delivery import Delivery
from nexus_actors.telemetry import semantics
from nexus_actors.telemetry.spans import Spans
from nexus_actors.telemetry.tracing import TraceContext


class TurnTraces:
    """The spans of a service's turns.

    Where spans are exported, a turn is one: it continues the trace of its message and, where a handler takes several, links
    to those of the others. Where they are not, no context is read or made: what a turn publishes carries on the trace of its
    message, if that has one.
    """

    def __init__(self, spans: Spans) -> None:
        self._spans = spans

    def handling(self, call: Sequence[Delivery]) -> AbstractContextManager[Envelope]:
        """While a handler is called for some messages. Gives the envelope whose trace is carried on by what it sends."""
        if not self._spans.is_recording:
            return nullcontext(call[0].envelope)
        return self._recorded(call)

    @contextmanager
    def _recorded(self, call: Sequence[Delivery]) -> Iterator[Envelope]:
        first = call[0].envelope
        raised: Exception | None = None
        with self._spans.process(_contexts(call), described(call[0].stream, first.type, first.id, len(call))) as span:
            try:
                yield first.replace(traceparent=span.context.header())
            except Refusal as refusal:  # a rule said no: the turn did what it is there for
                span.set(semantics.OUTCOME, "refused")
                span.set(semantics.REFUSAL, refusal.code)
                raised = refusal
            except Exception as fault:  # noqa: BLE001 - it goes on below; what it wraps says more than the wrapper
                span.fail(fault.__cause__ or fault)
                raised = fault
        if raised is not None:
            raise raised


def described(stream: StreamName, wire_type: str, message_id: UUID, count: int = 1) -> semantics.Delivery:
    """What a span tells of messages in a stream."""
    parts = stream_parts(stream)
    return semantics.Delivery(parts.service, parts.partition, wire_type, str(message_id), count)


def _contexts(call: Sequence[Delivery]) -> list[TraceContext]:
    """The places in traces that these messages come from, each once."""
    parents = dict.fromkeys(delivery.envelope.traceparent for delivery in call)
    return [context for parent in parents if (context := TraceContext.parse(parent)) is not None]
