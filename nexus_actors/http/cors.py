"""Pages of other origins: which of them browsers let ask here, and read what is answered (Fetch Standard, section 3.2)."""

import re
from collections.abc import Set
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web

# What a browser writes into Origin: scheme, host and port, in lower case, with nothing behind it.
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
REQUEST_HEADERS: Final = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "traceparent",
    "tracestate",
)
"""What a page may send beyond what every page may."""
ANSWER_HEADERS: Final = (
    "Accept",
    "Accept-Encoding",
    "Allow",
    "Content-Disposition",
    "ETag",
    "Idempotent-Replayed",
    "Location",
    "Retry-After",
    "Trace-Id",
    "WWW-Authenticate",
)
"""What a page may read beyond what every page may."""

_MAX_AGE_S: Final = 7_200  # the longest that Chromium keeps a permission


def exact_origins(text: str) -> frozenset[str]:
    """Origins such as ``https://app.example`` in a text, with commas between them.

    Raises:
        ValueError: one is no origin. ``*`` and ``null`` are none: they stand for pages that nobody knows.
    """
    origins = frozenset(part.strip() for part in text.split(",") if part.strip())
    for origin in origins:
        scheme = origin.partition(":")[0]
        if not _ORIGIN.fullmatch(origin) or origin.endswith(_DEFAULT_PORTS.get(scheme, "/")):
            message = f"{origin!r} is no origin as browsers write it."
            raise ValueError(message)
    return origins


class Cors:
    """Lets pages of named origins in; to all others browsers show nothing.

    Nobody is let in by a cookie, so Access-Control-Allow-Credentials is never sent: a page needs a token of its own.

    Args:
        origins: those that are let in; with none, nothing is said at all.
    """

    def __init__(self, origins: Set[str]) -> None:
        self._origins = origins

    def preflight(self, request: web.Request) -> web.Response | None:
        """The answer where a browser asks for permission first, which it does without a token; None for all other requests."""
        is_one = request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
        if not self._origins or not is_one or hdrs.ORIGIN not in request.headers:
            return None
        answer = web.Response(status=HTTPStatus.NO_CONTENT)
        if request.headers[hdrs.ORIGIN] in self._origins:
            answer.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = ", ".join(METHODS)
            answer.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = ", ".join(REQUEST_HEADERS)
            answer.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = str(_MAX_AGE_S)
        return answer

    def finish(self, request: web.Request, answer: web.StreamResponse) -> None:
        """Say on an answer who may read it."""
        if not self._origins:
            return
        varies = answer.headers.get(hdrs.VARY, "")
        if hdrs.ORIGIN.lower() not in {name.strip().lower() for name in varies.split(",")}:
            answer.headers[hdrs.VARY] = f"{varies}, {hdrs.ORIGIN}" if varies else hdrs.ORIGIN
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and origin in self._origins:
            answer.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
            answer.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = ", ".join(ANSWER_HEADERS)
