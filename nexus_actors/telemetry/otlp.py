"""Spans by OpenTelemetry's SDK, exported over OTLP/HTTP in protobuf. Needs the extra ``telemetry``."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Final

import anyio
import anyio.to_thread
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState
from typing_extensions import override

from bus.text import error_text, storable
from nexus_actors.failures.redaction import redact_text
from nexus_actors.telemetry import semantics
from nexus_actors.telemetry.semantics import Delivery, Draft, Value
from nexus_actors.telemetry.spans import Random, Span, Spans, SpanSettings, SpanSource
from nexus_actors.telemetry.tracing import NEW_SPAN_BYTES, NEW_TRACE_BYTES, TraceContext

_PATH: Final = "/v1/traces"
_SCOPE: Final = "nexus_actors"
_EXPORT_S: Final = 5.0
_EVERY_MS: Final = 2_000
_MAX_WAITING: Final = 4_096
_FLUSH_S: Final = 5.0
_LONGEST_TEXT: Final = 4_000
_KINDS: Final[Mapping[semantics.Kind, SpanKind]] = {
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
    "server": SpanKind.SERVER,
}


@asynccontextmanager
async def open_otlp(endpoint: str, settings: SpanSettings) -> AsyncIterator[SpanSource]:
    """Export spans in batches from a thread of the SDK; at the end, send what is left within a few seconds.

    Spans wait in bounded memory. While the receiver is away, the oldest are dropped and a warning is logged.

    Args:
        endpoint: the base address of the receiver; ``/v1/traces`` is added where it is not there.
        settings: see there.
    """
    address = endpoint if endpoint.endswith(_PATH) else endpoint.rstrip("/") + _PATH
    exporter = OTLPSpanExporter(endpoint=address, timeout=_EXPORT_S)
    processor = BatchSpanProcessor(exporter, max_queue_size=_MAX_WAITING, schedule_delay_millis=_EVERY_MS)
    try:
        yield _OtlpSource(processor, settings)
    finally:
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(_FLUSH_S) as flush:
                await anyio.to_thread.run_sync(processor.shutdown, abandon_on_cancel=True)
            if flush.cancelled_caught:
                # It gives up what is being tried, so that the thread ends.
                exporter.shutdown()  # type: ignore[no-untyped-call]  # the SDK has no hint there


class _OtlpSource:
    def __init__(self, processor: BatchSpanProcessor, settings: SpanSettings) -> None:
        self._processor = processor
        self._settings = settings
        self._services: dict[str, _OtlpSpans] = {}

    def service(self, name: str) -> Spans:
        found = self._services.get(name)
        if found is None:
            found = self._services[name] = self._open(name)
        return found

    def _open(self, name: str) -> "_OtlpSpans":
        settings = self._settings
        resource = Resource.create(
            {
                "service.name": name,
                "service.namespace": "nexus",
                "service.version": settings.version,
                "service.instance.id": settings.instance,
                "deployment.environment.name": settings.environment,
            }
        )
        # What is sampled is decided where a trace begins: by the caller, and where there is none, we record it.
        provider = TracerProvider(ParentBased(ALWAYS_ON), resource, shutdown_on_exit=False, id_generator=_Ids(settings.random))
        provider.add_span_processor(self._processor)
        return _OtlpSpans(name, provider.get_tracer(_SCOPE, settings.version), settings)


class _OtlpSpans:
    is_recording = True

    def __init__(self, service: str, tracer: trace.Tracer, settings: SpanSettings) -> None:
        self._service = service
        self._tracer = tracer
        self._clock_ns = settings.clock_ns

    def publish(self, parent: TraceContext | None, delivery: Delivery) -> AbstractContextManager[Span]:
        return self._open(semantics.publish(delivery), parent)

    def process(self, parents: Sequence[TraceContext], delivery: Delivery) -> AbstractContextManager[Span]:
        draft = semantics.process(delivery, self._service)
        return self._open(draft, parents[0] if parents else None, parents[1:])

    def serve(
        self, parent: TraceContext | None, method: str, path: str, *, scheme: str, host: str, port: int
    ) -> AbstractContextManager[Span]:
        return self._open(semantics.serve(method, path, scheme, host, port), parent)

    @contextmanager
    def _open(self, draft: Draft, parent: TraceContext | None, others: Sequence[TraceContext] = ()) -> Iterator[Span]:
        span = self._tracer.start_span(
            draft.name,
            context=Context() if parent is None else trace.set_span_in_context(NonRecordingSpan(_remote(parent)), Context()),
            kind=_KINDS[draft.kind],
            attributes={name: _clean(value) for name, value in draft.attributes.items()},
            links=[Link(_remote(other)) for other in others],
            start_time=self._clock_ns(),
        )
        opened = _OtlpSpan(span, draft, "" if parent is None else parent.state, self._clock_ns)
        try:
            yield opened
        except BaseException as error:
            opened.fail(error)
            raise
        finally:
            span.end(self._clock_ns())


class _OtlpSpan:
    def __init__(self, span: trace.Span, draft: Draft, state: str, clock_ns: Callable[[], int]) -> None:
        self._span = span
        self._draft = draft
        self._clock_ns = clock_ns
        made = span.get_span_context()
        self.context = TraceContext(
            trace.format_trace_id(made.trace_id), trace.format_span_id(made.span_id), made.trace_flags.sampled, state
        )

    def set(self, name: str, value: Value) -> None:
        self._span.set_attribute(name, _clean(value))

    def fail(self, error: str | BaseException) -> None:
        kind = error if isinstance(error, str) else type(error).__qualname__
        self._span.set_attribute(semantics.ERROR_TYPE, kind)
        self._span.set_status(Status(StatusCode.ERROR))
        if not isinstance(error, str):
            described = {"exception.type": kind, "exception.message": redact_text(error_text(error))}
            self._span.add_event("exception", described, timestamp=self._clock_ns())

    def answered(self, route: str | None, status: int) -> None:
        if route is not None:
            self._span.update_name(semantics.served_name(str(self._draft.attributes["http.request.method"]), route))
            self._span.set_attribute(semantics.HTTP_ROUTE, route)
        self._span.set_attribute(semantics.HTTP_STATUS, status)
        if semantics.is_server_error(status):
            self.fail(str(status))


def _clean(value: Value) -> Value:
    """One text that is no UTF-8 would make the exporter lose the whole batch."""
    return storable(value, _LONGEST_TEXT) if isinstance(value, str) else value


class _Ids(IdGenerator):
    """Ids from the random source that was passed in."""

    def __init__(self, random: Random) -> None:
        self._random = random

    @override
    def generate_span_id(self) -> int:
        return int.from_bytes(self._random(NEW_SPAN_BYTES), "big") or self.generate_span_id()

    @override
    def generate_trace_id(self) -> int:
        return int.from_bytes(self._random(NEW_TRACE_BYTES - NEW_SPAN_BYTES), "big") or self.generate_trace_id()


def _remote(context: TraceContext) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if context.sampled else TraceFlags.DEFAULT)
    state = TraceState.from_header([context.state]) if context.state else None
    return SpanContext(
        int(context.trace_id, 16), int(context.span_id, 16), is_remote=True, trace_flags=flags, trace_state=state
    )
