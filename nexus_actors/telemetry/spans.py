"""Spans: what took how long in a trace. Without a place to send them to, they cost nothing and the trace is still handed on."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Protocol, Self

from msgspec import Struct

from nexus_actors.errors import ConfigError
from nexus_actors.telemetry.semantics import Delivery, Value
from nexus_actors.telemetry.tracing import NEW_SPAN_BYTES, NEW_TRACE_BYTES, TraceContext

Random = Callable[[int], bytes]


class Span(Protocol):
    """A piece of work under way. It ends where its ``with`` ends, as failed if that raises."""

    @property
    def context(self) -> TraceContext:
        """Its place in the trace: what messages and requests that it causes are to carry."""
        ...

    def set(self, name: str, value: Value) -> None:
        """Tell something about it."""
        ...

    def fail(self, error: str | BaseException) -> None:
        """It failed, though nothing is raised here; ``error`` is what was raised elsewhere, or the kind of failure."""
        ...

    def answered(self, route: str | None, status: int) -> None:
        """The request that it serves was answered.

        Args:
            route: the template of its route, or nothing where there is none.
            status: the HTTP status; from 500 on, the span is marked as failed.
        """
        ...


class Spans(Protocol):
    """The spans of one service. Opening and ending one never waits and never raises for want of a receiver."""

    @property
    def is_recording(self) -> bool:
        """Whether anybody gets to see them. Where not, a hot path opens none and hands on the context that it was given."""
        ...

    def publish(self, parent: TraceContext | None, delivery: Delivery) -> AbstractContextManager[Span]:
        """Hand messages to the bus; of a command whose answer is awaited, until it is there."""
        ...

    def process(self, parents: Sequence[TraceContext], delivery: Delivery) -> AbstractContextManager[Span]:
        """Handle messages. The span continues the trace of the first and links to those of the others."""
        ...

    def serve(
        self, parent: TraceContext | None, method: str, path: str, *, scheme: str, host: str, port: int
    ) -> AbstractContextManager[Span]:
        """Answer a request. ``path`` is without the query, which may hold secrets."""
        ...


class SpanSource(Protocol):
    """Where the services of a process get their spans from."""

    def service(self, name: str) -> Spans:
        """The spans of a service."""
        ...


class SpanSettings(Struct, frozen=True, kw_only=True):
    """What spans tell about where they come from, and what they are made with.

    Attributes:
        version: that of the platform.
        environment: ``development`` or ``production``.
        instance: an id of this process.
        random: makes that many bytes that nobody can foresee.
        clock_ns: nanoseconds since 1970, UTC.
    """

    version: str
    environment: str
    instance: str
    random: Random
    clock_ns: Callable[[], int]


class NoSpans:
    """Spans that nobody looks at: the trace goes on, and nothing is recorded. Also a ``SpanSource`` of them."""

    is_recording = False

    def __init__(self, random: Random) -> None:
        self._random = random

    def service(self, name: str) -> Spans:
        """Itself."""
        return self

    def publish(self, parent: TraceContext | None, delivery: Delivery) -> AbstractContextManager[Span]:
        """The parent's context, handed on as it is."""
        return _Unrecorded(parent or self._root())

    def process(self, parents: Sequence[TraceContext], delivery: Delivery) -> AbstractContextManager[Span]:
        """The context of the first parent, handed on as it is."""
        return _Unrecorded(parents[0] if parents else self._root())

    def serve(
        self,
        parent: TraceContext | None,
        method: str,
        path: str,
        *,
        scheme: str,
        host: str,
        port: int,
    ) -> AbstractContextManager[Span]:
        """A context of our own, for callers like to see that the trace went on here."""
        return _Unrecorded(parent.child(self._random(NEW_SPAN_BYTES)) if parent else self._root())

    def _root(self) -> TraceContext:
        return TraceContext.new(self._random(NEW_TRACE_BYTES))


class _Unrecorded:
    __slots__ = ("context",)

    def __init__(self, context: TraceContext) -> None:
        self.context = context

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def set(self, name: str, value: Value) -> None:
        """Nobody looks."""

    def fail(self, error: str | BaseException) -> None:
        """Nobody looks."""

    def answered(self, route: str | None, status: int) -> None:
        """Nobody looks."""


@asynccontextmanager
async def open_spans(endpoint: str | None, settings: SpanSettings) -> AsyncIterator[SpanSource]:
    """Spans that are exported to ``endpoint`` by OTLP over HTTP, or recorded nowhere where there is none.

    Raises:
        ConfigError: there is an endpoint, and the exporter is not installed.
    """
    if endpoint is None:
        yield NoSpans(settings.random)
        return
    try:
        # The exporter is an extra, and takes a tenth of a second to import.
        from nexus_actors.telemetry.otlp import open_otlp  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("opentelemetry"):
            raise
        raise ConfigError(
            "NEXUS_OTLP_ENDPOINT is set, and the OpenTelemetry exporter is not installed; install nexus-cos[telemetry], or "
            "leave the variable out."
        ) from error
    async with open_otlp(endpoint, settings) as source:
        yield source
