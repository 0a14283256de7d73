"""The pages that every service has, whatever it does."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import web
from msgspec import Struct
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from nexus_actors.http.docs_page import HtmlPage, docs_page, locked_page
from nexus_actors.http.etag import is_unchanged, tag_of
from nexus_actors.http.health import Health, HealthDocument, StateDocument, in_a_word
from nexus_actors.http.insight import Insight
from nexus_actors.http.problem_catalogue import problem_page
from nexus_actors.http.route import JSON

_LINKS: Final = {
    "health": "/health",
    "live": "/health/live",
    "ready": "/health/ready",
    "metrics": "/metrics",
    "openapi": "/openapi.json",
    "docs": "/docs",
    "problems": "/docs/problems",
}
SYSTEM_PATHS: Final = frozenset({"/", *_LINKS.values()})


class WelcomeDocument(Struct, frozen=True, kw_only=True):
    """What ``/`` answers: who this is and where to go on."""

    name: str
    title: str
    version: str
    links: dict[str, str]


class SystemPages:
    """Answers the paths in `SYSTEM_PATHS`, without a token; metrics, and details of health, to those alone who may see them.

    Args:
        name: name of the service.
        title: its title.
        version: version of the release.
        health: knows how it fares.
        insight: decides who sees more than a word of that, and the metrics.
        registry: what ``/metrics`` shows.
        clock: tells the time, UTC.
        openapi: its OpenAPI document.
    """

    def __init__(
        self,
        *,
        name: str,
        title: str,
        version: str,
        health: Health,
        insight: Insight,
        registry: CollectorRegistry,
        clock: Callable[[], datetime],
        openapi: dict[str, Any],
    ) -> None:
        self._welcome = msgspec.json.encode(WelcomeDocument(name=name, title=title, version=version, links=_LINKS))
        self._openapi = msgspec.json.encode(openapi)
        self._docs = docs_page(title)
        self._problems = locked_page(problem_page(title))
        self._health = health
        self._insight = insight
        self._registry = registry
        self._clock = clock

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the pages."""
        router.add_get("/", self._show_welcome)
        router.add_get(_LINKS["health"], self._show_health)
        router.add_get(_LINKS["live"], self._show_live)
        router.add_get(_LINKS["ready"], self._show_ready)
        router.add_get(_LINKS["metrics"], self._show_metrics)
        router.add_get(_LINKS["openapi"], self._show_openapi)
        router.add_get(_LINKS["docs"], self._show_docs)
        router.add_get(_LINKS["problems"], self._show_problems)

    async def _show_welcome(self, _: web.Request) -> web.Response:
        return _json(HTTPStatus.OK, self._welcome)

    async def _show_health(self, request: web.Request) -> web.Response:
        return self._tell(request, *await self._health.report(self._clock()))

    async def _show_live(self, request: web.Request) -> web.Response:
        return self._tell(request, *self._health.live())

    async def _show_ready(self, request: web.Request) -> web.Response:
        return self._tell(request, *self._health.ready())

    def _tell(self, request: web.Request, status: HTTPStatus, document: HealthDocument | StateDocument) -> web.Response:
        shown = document if self._insight.has(request) else in_a_word(document)
        return _json(status, msgspec.json.encode(shown) + b"\n")

    async def _show_metrics(self, request: web.Request) -> web.Response:
        self._insight.check(request)
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._registry), headers={"Content-Type": content_type})

    async def _show_openapi(self, request: web.Request) -> web.Response:
        return _cacheable(request, self._openapi, JSON)

    async def _show_docs(self, request: web.Request) -> web.Response:
        return _html(request, self._docs)

    async def _show_problems(self, request: web.Request) -> web.Response:
        return _html(request, self._problems)


def _json(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, headers={"Content-Type": JSON})


def _html(request: web.Request, page: HtmlPage) -> web.Response:
    response = _cacheable(request, page.html.encode(), "text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = page.policy
    return response


def _cacheable(request: web.Request, body: bytes, content_type: str) -> web.Response:
    """An answer that is the same for everybody: a cache may keep it, and asks whether it is still so."""
    tag = tag_of(None, body)
    headers = {"Cache-Control": "no-cache", "ETag": tag.header()}
    if is_unchanged(tag, request.headers.getall("If-None-Match", [])):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return web.Response(body=body, headers={**headers, "Content-Type": content_type})
