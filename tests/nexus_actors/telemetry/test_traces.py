"""Traces through the platform: from a request over a command and its event into the next service."""

from datetime import UTC, datetime

import pytest

from bus import Refusal, new_id
from bus.codec import encode_envelope
from bus.envelope import Envelope, seal
from bus.publisher import Outgoing, Publisher
from nexus_actors.telemetry.message_fields import trace_id_of
from nexus_actors.telemetry.tracing import TraceContext
from nexus_actors.testing import TestPlatform, open_platform
from tests.nexus_actors.telemetry.lights import (
    FAILS_SOON,
    LAMPS,
    Flickered,
    FlickersCounted,
    LampLit,
    OneToken,
    SwitchTurned,
    Turn,
    lights,
)
from tests.nexus_actors.telemetry.log_lines import TOKEN
from tests.nexus_actors.telemetry.receiver import Receiver, attributes

pytestmark = pytest.mark.anyio

PARENT = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
HEADERS = {"traceparent": PARENT.header()}


def envelopes(platform: TestPlatform, wire_type: str) -> list[Envelope]:
    return [followed.envelope for followed in platform.seen if followed.envelope.type == wire_type]


async def flicker(platform: TestPlatform, *parents: str | None) -> None:
    """Publish one event for each parent in one go, so that one call handles them all."""
    sent = [
        seal(Flickered(lamp="l"), message_id=new_id(), source="test", now=datetime.now(UTC)).replace(traceparent=parent)
        for parent in parents
    ]
    stream = LAMPS.stream("events", LAMPS.partition_of("l"))
    await Publisher(platform.worker.streams).publish([Outgoing(stream, encode_envelope(envelope)) for envelope in sent])
    await platform.until(lambda: bool(platform.events(FlickersCounted)))


async def test_a_request_is_followed_through_two_services(database_url: str, receiver: Receiver) -> None:
    environ = {"NEXUS_OTLP_ENDPOINT": receiver.url}
    async with open_platform(lights(), database_url, tokens=OneToken(), environ=environ) as platform:
        client = platform.bearer("switch-ms", TOKEN)
        answer = await client.post("/v1/switches/hall:turn", headers=HEADERS)
        assert (answer.status, answer.headers["Trace-Id"]) == (200, PARENT.trace_id)
        await platform.until(lambda: bool(platform.events(LampLit)))
        (lit,) = envelopes(platform, LampLit.wire_type())
        await client.get("/health")
    found = receiver.by_service()
    assert [(service, span.name) for service, span in found] == [
        ("switch-ms", "POST /v1/switches/{switch}:turn"),
        ("switch-ms", "publish switch-ms"),
        ("switch-ms", "process switch-ms"),
        ("lamp-ms", "process lamp-ms"),
    ]
    spans = [span for _, span in found]
    assert {span.trace_id.hex() for span in spans} == {PARENT.trace_id}
    assert [span.parent_span_id.hex() for span in spans] == [PARENT.span_id, *(span.span_id.hex() for span in spans[:-1])]
    assert lit.traceparent == TraceContext(PARENT.trace_id, spans[-1].span_id.hex()).header()
    served, asked, turned, _ = map(attributes, spans)
    assert served["server.port"] == platform.faces.ports["switch-ms"]
    assert served["http.response.status_code"] == 200
    assert asked["messaging.message.id"] == turned["messaging.message.id"]
    assert turned["nexus.message.type"] == Turn.wire_type()
    assert TOKEN not in str(receiver.requests)


async def test_a_batch_links_to_the_traces_of_its_messages(database_url: str, receiver: Receiver) -> None:
    others = [TraceContext(digit * 32, digit * 16) for digit in "ab"]
    environ = {"NEXUS_OTLP_ENDPOINT": receiver.url}
    async with open_platform(lights(), database_url, environ=environ) as platform:
        await flicker(platform, PARENT.header(), None, *(other.header() for other in others), PARENT.header())
        (counted,) = envelopes(platform, FlickersCounted.wire_type())
    (span,) = receiver.spans().values()
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (PARENT.trace_id, PARENT.span_id)
    assert [link.trace_id.hex() for link in span.links] == [other.trace_id for other in others]
    assert attributes(span)["messaging.batch.message_count"] == 5
    assert counted.traceparent == TraceContext(PARENT.trace_id, span.span_id.hex()).header()


async def test_a_refusal_is_an_outcome_and_a_fault_is_a_failure(database_url: str, receiver: Receiver) -> None:
    environ = {"NEXUS_OTLP_ENDPOINT": receiver.url, **FAILS_SOON}
    async with open_platform(lights(), database_url, environ=environ) as platform:
        for switch, code in [("never", "switch_stuck"), ("broken", "message_parked")]:
            with pytest.raises(Refusal, match=code):
                await platform.ask(Turn(switch=switch))
    spans = [span for _, span in receiver.by_service() if span.name == "process switch-ms"]
    refused, *failed = map(attributes, spans)
    assert (refused["nexus.outcome"], refused["nexus.refusal.code"]) == ("refused", "switch_stuck")
    assert "error.type" not in refused
    assert [attempt["error.type"] for attempt in failed] == ["ValueError", "ValueError"]
    assert attributes(spans[-1].events[0])["exception.message"] == "no current for ***"
    assert len({span.trace_id for span in spans}) == 2, "each question began a trace of its own"


async def test_without_a_receiver_the_trace_goes_on_all_the_same(database_url: str) -> None:
    async with open_platform(lights(), database_url, tokens=OneToken()) as platform:
        await platform.bearer("switch-ms", TOKEN).post("/v1/switches/hall:turn", headers=HEADERS)
        await platform.until(lambda: bool(platform.events(LampLit)))
        sent = [followed.envelope for followed in platform.seen]
    assert {envelope.type for envelope in sent} == {message.wire_type() for message in (Turn, SwitchTurned, LampLit)}
    assert {trace_id_of(envelope.traceparent or "") for envelope in sent} == {PARENT.trace_id}


async def test_without_a_receiver_no_trace_is_begun_by_a_message(database_url: str) -> None:
    async with open_platform(lights(), database_url) as platform:
        await flicker(platform, None)
        assert [envelope.traceparent for envelope in envelopes(platform, FlickersCounted.wire_type())] == [None]
