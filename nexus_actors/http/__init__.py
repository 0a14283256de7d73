"""The HTTP face of a service. What services need is here; who serves them takes `nexus_actors.http.face`."""

from nexus_actors.http.json_body import JsonDecoder
from nexus_actors.http.limits import RateLimit
from nexus_actors.http.page import Page, PageQuery, encode_cursor, page_from
from nexus_actors.http.reads import page_of
from nexus_actors.http.request import Request
from nexus_actors.http.route import Raw, RouteError
from nexus_actors.http.routes import Routes
from nexus_actors.http.streaming import Streamed
from nexus_actors.http.strict import strict_twin
from nexus_actors.http.thing import found

__all__ = [
    "JsonDecoder",
    "Page",
    "PageQuery",
    "RateLimit",
    "Raw",
    "Request",
    "RouteError",
    "Routes",
    "Streamed",
    "encode_cursor",
    "found",
    "page_from",
    "page_of",
    "strict_twin",
]
