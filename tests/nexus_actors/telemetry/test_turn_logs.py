"""What a turn logs can be followed from the request on, and holds no secret."""

from io import BytesIO

import pytest

from nexus_actors.telemetry.tracing import TraceContext
from nexus_actors.testing import open_platform
from tests.nexus_actors.telemetry.lights import FAILS_SOON, LampLit, OneToken, SwitchTurned, Turn, lights
from tests.nexus_actors.telemetry.log_lines import TOKEN, configure, lines

pytestmark = pytest.mark.anyio

PARENT = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
HEADERS = {"traceparent": PARENT.header()}


async def test_lines_of_turns_carry_what_they_are_followed_by(database_url: str, output: BytesIO) -> None:
    configure(output)
    async with open_platform(lights(), database_url, tokens=OneToken()) as platform:
        await platform.bearer("switch-ms", TOKEN).post("/v1/switches/hall:turn", headers=HEADERS)
        await platform.until(lambda: bool(platform.events(LampLit)))
        ids = {followed.envelope.type: str(followed.envelope.id) for followed in platform.seen}
    named = {line["event"]: line for line in lines(output)}
    turned, lit = named["switch_turned"], named["lamp_lit"]
    assert (turned["service"], turned["key"], turned["message_id"]) == ("switch-ms", "hall", ids[Turn.wire_type()])
    assert (lit["service"], lit["key"]) == ("lamp-ms", "lamp of hall")
    for line in (turned, lit):
        assert (line["trace_id"], line["principal"]) == (PARENT.trace_id, "ana")
    assert turned["authorization"] == "***"
    assert turned["note"] == "by ***"
    assert TOKEN.encode() not in output.getvalue()


async def test_lines_of_failures_do_too(database_url: str, output: BytesIO) -> None:
    configure(output)
    async with open_platform(lights(), database_url, tokens=OneToken(), environ=FAILS_SOON) as platform:
        answer = await platform.bearer("switch-ms", TOKEN).post("/v1/switches/broken:turn", headers=HEADERS)
        assert (answer.status, answer.code) == (423, "message_parked")
    retried, parked = [line for line in lines(output) if line["event"].startswith("message_")]
    assert (retried["event"], parked["event"]) == ("message_retried", "message_parked")
    for line in (retried, parked):
        assert (line["service"], line["key"], line["type"]) == ("switch-ms", "broken", Turn.wire_type())
        assert (line["trace_id"], line["principal"]) == (PARENT.trace_id, "ana")
        assert line["exception"][-1]["exc_value"] == "no current for ***"
    assert retried["message_id"] == parked["message_id"]
    assert TOKEN.encode() not in output.getvalue()


async def test_a_message_without_trace_and_principal_claims_none(database_url: str, output: BytesIO) -> None:
    configure(output)
    async with open_platform(lights(), database_url) as platform:
        await platform.publish(SwitchTurned(switch="hall", lamp="l"))
        await platform.until(lambda: bool(platform.events(LampLit)))
    lit = next(line for line in lines(output) if line["event"] == "lamp_lit")
    assert lit["key"] == "l"
    assert "principal" not in lit
    assert "trace_id" not in lit
