"""Asking services how they fare: what counts as healthy, and what does not."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from nexus_actors.embedded.ports import free_port
from nexus_actors.local.health import look, look_around, reachable_host
from nexus_actors.platform.catalogue import ServiceEntry

GOOD = (
    b'{"status":"ok","service":"fleet-service","timestamp":"2026-03-02T07:00:00Z","version":"1.2.3","port":8080,'
    b'"dependencies":{"database":"connected","cache":"connected"}}\n'
)


@contextmanager
def answering(status: int, body: bytes) -> Iterator[int]:
    """A server that gives one answer to everything, on the port given."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
            """Be quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_a_service_with_all_it_needs_is_healthy() -> None:
    with answering(200, GOOD) as port:
        sighting = look("fleet-service", "127.0.0.1", port)
    assert sighting.is_healthy
    assert sighting.version == "1.2.3"


@pytest.mark.parametrize(
    ("status", "body", "state", "detail"),
    [
        (503, GOOD.replace(b'"cache":"connected"', b'"cache":"disconnected"'), "unhealthy", "without cache"),
        (200, GOOD.replace(b'"cache":"connected"', b'"cache":"disconnected"'), "unhealthy", "without cache"),
        (503, GOOD, "unhealthy", "answers 503"),
        (200, GOOD.replace(b'"ok"', b'"degraded"'), "unhealthy", "status degraded"),
        (200, GOOD.replace(b"fleet-service", b"tracker-ms"), "foreign", "tracker-ms answers there"),
        (200, b"<html>hello</html>", "foreign", "no health document"),
        (404, b"", "foreign", "answers 404"),
        (200, b'{"status":"ok"}', "foreign", "no health document"),
    ],
)
def test_anything_else_is_not(status: int, body: bytes, state: str, detail: str) -> None:
    with answering(status, body) as port:
        sighting = look("fleet-service", "127.0.0.1", port)
    assert (sighting.state, sighting.is_healthy) == (state, False)
    assert detail in sighting.detail


def test_nothing_there_is_down() -> None:
    sighting = look("fleet-service", "127.0.0.1", free_port())
    assert (sighting.state, sighting.detail) == ("down", "nothing listens there")


@pytest.mark.anyio
async def test_all_are_asked_in_order_but_those_that_are_not_built() -> None:
    def entry(name: str, port: int, package: str | None) -> ServiceEntry:
        return ServiceEntry(name=name, title=name, module=None, port=port, package=package, layer="business")

    with answering(200, GOOD) as port:
        entries = [
            entry("dsp-api", port - 100, None),
            entry("fleet-service", port - 100, "a.b"),
            entry("tracker-ms", port - 100, "a.c"),
        ]
        seen = await look_around(entries, "127.0.0.1", offset=100)
    assert [(s.service, s.port, s.state) for s in seen] == [
        ("dsp-api", port, "not built"),
        ("fleet-service", port, "healthy"),
        ("tracker-ms", port, "foreign"),
    ]


def test_a_server_on_all_addresses_is_reached_on_the_loopback_one() -> None:
    assert reachable_host("0.0.0.0") == "127.0.0.1"  # noqa: S104 - nothing listens
    assert reachable_host("::") == "::1"
    assert reachable_host("10.0.0.7") == "10.0.0.7"
