"""The health check of the image: a program of its own, with the standard library only."""

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "deploy" / "healthcheck.py"


def check(ports: str) -> tuple[int, str]:
    """As the image calls it."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", PROGRAM],
        env={"HEALTH_PORTS": ports},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert not done.stderr
    return done.returncode, done.stdout


class _Face(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = getattr(self.server, "status", 200) if self.path == "/health" else 404
        body = b'{"status":"degraded"}\n'
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Stay quiet."""


@pytest.fixture
def face() -> Iterator[HTTPServer]:
    """A service that answers /health."""
    server = HTTPServer(("127.0.0.1", 0), _Face)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_service_that_answers_200_is_healthy(face: HTTPServer) -> None:
    assert check(str(face.server_port)) == (0, "")
    assert check(f"{face.server_port} {face.server_port}") == (0, "")


def test_one_that_is_degraded_is_not_and_it_says_why(face: HTTPServer) -> None:
    face.status = 503  # type: ignore[attr-defined]
    code, said = check(str(face.server_port))
    assert code == 1
    assert said == f'port {face.server_port}: 503 {{"status":"degraded"}}\n'


def test_one_of_several_that_does_not_answer_is_enough(face: HTTPServer) -> None:
    code, said = check(f"{face.server_port} 1")
    assert code == 1
    assert said.startswith("port 1: ConnectionRefusedError")


@pytest.mark.parametrize(("ports", "message"), [("", "HEALTH_PORTS is empty"), ("http", "'http', which is no port")])
def test_what_is_not_set_well_is_told(ports: str, message: str) -> None:
    code, said = check(ports)
    assert code == 1
    assert message in said
