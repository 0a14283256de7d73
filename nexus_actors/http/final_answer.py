"""The last that a connection hears: a problem document written as bytes, where there is no request to answer."""

from email.utils import format_datetime
from http import HTTPStatus
from typing import Final

import msgspec

from nexus_actors.http.guard import SECURITY_HEADERS, SERVER_NAME, TRACE_HEADER
from nexus_actors.http.ports import FacePorts
from nexus_actors.http.problem import MEDIA_TYPE, HttpProblem

_TRACE_BYTES: Final = 16


class FinalAnswers:
    """Writes answers after which the connection is closed.

    Args:
        service: name of the service.
        ports: what the face has of the rest of the process.
    """

    def __init__(self, service: str, ports: FacePorts) -> None:
        self.service = service
        self._ports = ports

    def new_trace_id(self) -> str:
        """A trace id for what no request came to (W3C Trace Context, section 3.2.2.3)."""
        return self._ports.random(_TRACE_BYTES).hex()

    def write(self, problem: HttpProblem) -> bytes:
        """An answer of HTTP/1.1 (RFC 9112, section 4) that says the problem and announces the end of the connection."""
        trace_id = self.new_trace_id()
        body = msgspec.json.encode(problem.document(trace_id))
        headers = {
            **SECURITY_HEADERS,
            **problem.headers,
            "Content-Type": MEDIA_TYPE,
            "Content-Length": str(len(body)),
            "Date": format_datetime(self._ports.clock(), usegmt=True),
            "Server": SERVER_NAME,
            TRACE_HEADER: trace_id,
            "Connection": "close",
        }
        status = HTTPStatus(problem.status)
        lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
