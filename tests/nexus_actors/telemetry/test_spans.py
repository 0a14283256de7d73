"""Spans: what is handed on without a receiver, and what a receiver gets."""

import sys
from itertools import count

import anyio
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Exported
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from nexus_actors.errors import ConfigError
from nexus_actors.telemetry.semantics import Delivery
from nexus_actors.telemetry.spans import SpanSettings, open_spans
from nexus_actors.telemetry.tracing import TraceContext
from tests.nexus_actors.telemetry.receiver import Receiver, attributes

pytestmark = pytest.mark.anyio

PARENT = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", sampled=True, state="rojo=1")
OTHER = TraceContext("a" * 32, "b" * 16)
DELIVERY = Delivery("tracker-ms", 3, "nexus.tracker-ms.record_positions.v1", "01890a5d-ac96-774b-bcce-b302099a8057", count=5)
START_NS = 1_767_225_600_000_000_000


def settings() -> SpanSettings:
    numbers, ticks = count(1), count(START_NS, 1_000_000)
    return SpanSettings(
        version="0.1.0",
        environment="development",
        instance="worker-1",
        random=lambda length: bytes([next(numbers)]) * length,
        clock_ns=lambda: next(ticks),
    )


async def send_three(receiver: Receiver) -> tuple[Exported, Exported, Exported]:
    """A request, a message that it publishes, and the handling of that message, as the receiver got them."""
    async with open_spans(receiver.url, settings()) as source:
        spans = source.service("tracker-ms")
        with spans.serve(PARENT, "POST", "/v1/positions", scheme="http", host="127.0.0.1", port=8081) as served:
            with spans.publish(served.context, DELIVERY) as published:
                handed_on = published.context
            served.answered("/v1/positions", 202)
        with spans.process([handed_on, OTHER], DELIVERY) as processed:
            processed.set("nexus.outcome", "done")
    got = receiver.spans()
    assert receiver.paths == ["/v1/traces"]
    assert set(got) == {"POST /v1/positions", "publish tracker-ms", "process tracker-ms"}
    return got["POST /v1/positions"], got["publish tracker-ms"], got["process tracker-ms"]


async def test_messages_and_requests_reach_the_receiver_by_the_conventions(receiver: Receiver) -> None:
    server, producer, consumer = await send_three(receiver)
    assert (server.kind, producer.kind, consumer.kind) == (
        Exported.SPAN_KIND_SERVER,
        Exported.SPAN_KIND_PRODUCER,
        Exported.SPAN_KIND_CONSUMER,
    )
    assert {span.trace_id.hex() for span in (server, producer, consumer)} == {PARENT.trace_id}
    assert server.parent_span_id.hex() == PARENT.span_id
    assert producer.parent_span_id == server.span_id
    assert consumer.parent_span_id == producer.span_id
    assert [(link.trace_id.hex(), link.span_id.hex()) for link in consumer.links] == [(OTHER.trace_id, OTHER.span_id)]
    assert server.trace_state == "rojo=1"
    assert attributes(server) == {
        "http.request.method": "POST",
        "url.path": "/v1/positions",
        "url.scheme": "http",
        "server.address": "127.0.0.1",
        "server.port": 8081,
        "http.route": "/v1/positions",
        "http.response.status_code": 202,
    }
    assert attributes(consumer) == {
        "messaging.system": "redis",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "tracker-ms",
        "messaging.destination.partition.id": "3",
        "messaging.message.id": DELIVERY.message_id,
        "messaging.consumer.group.name": "tracker-ms",
        "messaging.batch.message_count": 5,
        "nexus.message.type": DELIVERY.wire_type,
        "nexus.outcome": "done",
    }
    assert attributes(producer)["messaging.operation.type"] == "send"
    assert server.start_time_unix_nano == START_NS
    assert server.start_time_unix_nano < producer.start_time_unix_nano < producer.end_time_unix_nano < server.end_time_unix_nano


async def test_each_service_is_a_resource_of_its_own(receiver: Receiver) -> None:
    async with open_spans(receiver.url + "/v1/traces", settings()) as source:
        for name in ("tracker-ms", "fleet-service"):
            with source.service(name).publish(None, DELIVERY):
                pass
        assert source.service("tracker-ms") is source.service("tracker-ms")
    assert receiver.paths == ["/v1/traces"]
    named = {resource["service.name"]: resource for resource in receiver.resources()}
    assert set(named) == {"tracker-ms", "fleet-service"}
    told = named["tracker-ms"]
    assert (told["service.namespace"], told["service.version"], told["service.instance.id"]) == ("nexus", "0.1.0", "worker-1")
    assert told["deployment.environment.name"] == "development"


async def test_a_failure_is_told_without_its_secrets(receiver: Receiver) -> None:
    async with open_spans(receiver.url, settings()) as source:
        spans = source.service("tracker-ms")
        with pytest.raises(ValueError, match="hunter22"), spans.process([PARENT], DELIVERY):
            raise ValueError("no answer from redis://:hunter22@cache/0")
        with spans.serve(None, "BREW", "/pot", scheme="http", host="h", port=1) as served:
            served.answered(None, 503)
    failed, served_span = receiver.spans()["process tracker-ms"], receiver.spans()["HTTP"]
    assert failed.status.code == Status.STATUS_CODE_ERROR
    assert attributes(failed)["error.type"] == "ValueError"
    (event,) = failed.events
    assert attributes(event) == {
        "exception.type": "ValueError",
        "exception.message": "no answer from redis://:***@cache/0",
    }
    assert served_span.status.code == Status.STATUS_CODE_ERROR
    assert attributes(served_span)["error.type"] == "503"
    assert attributes(served_span)["http.request.method"] == "_OTHER"


async def test_what_the_caller_does_not_record_is_not_exported(receiver: Receiver) -> None:
    unsampled = TraceContext(PARENT.trace_id, PARENT.span_id, sampled=False, state="rojo=1")
    async with open_spans(receiver.url, settings()) as source:
        with source.service("tracker-ms").process([unsampled], DELIVERY) as span:
            handed_on = span.context
            span.fail("x")
    assert not receiver.requests
    assert (handed_on.trace_id, handed_on.sampled, handed_on.state) == (PARENT.trace_id, False, "rojo=1")


async def test_a_receiver_that_is_away_holds_up_nothing_for_long() -> None:
    with anyio.fail_after(20):
        async with open_spans("http://127.0.0.1:9", settings()) as source:
            started = anyio.current_time()
            for _ in range(100):
                with source.service("tracker-ms").publish(PARENT, DELIVERY):
                    pass
            assert anyio.current_time() - started < 1


async def test_without_an_endpoint_the_trace_goes_on_and_nothing_is_recorded() -> None:
    async with open_spans(None, settings()) as source:
        spans = source.service("tracker-ms")
        with spans.serve(PARENT, "GET", "/", scheme="http", host="h", port=1) as served:
            served.answered("/", 200)
            assert served.context.trace_id == PARENT.trace_id
            assert served.context.span_id != PARENT.span_id
            assert served.context.state == PARENT.state
        with spans.publish(PARENT, DELIVERY) as published:
            assert published.context == PARENT
        with spans.process([PARENT, OTHER], DELIVERY) as processed:
            processed.set("a", 1)
            processed.fail("x")
            assert processed.context == PARENT
        with spans.process([], DELIVERY) as first, spans.publish(None, DELIVERY) as second:
            assert first.context.trace_id != second.context.trace_id
        with pytest.raises(ValueError, match="passes"), spans.publish(None, DELIVERY):
            raise ValueError("passes through")


async def test_an_endpoint_without_the_exporter_is_a_matter_of_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "nexus_actors.telemetry.otlp", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ConfigError, match=r"nexus-cos\[telemetry\]"):
        async with open_spans("http://127.0.0.1:4318", settings()):
            pytest.fail("exports without an exporter")
