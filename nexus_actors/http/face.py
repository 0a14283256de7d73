"""The HTTP face of a service: its routes and the pages that every service has, served on one port."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import anyio
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from msgspec import Struct

from nexus_actors.http.admission import Admission
from nexus_actors.http.body import expect
from nexus_actors.http.client_address import Network
from nexus_actors.http.connection_limits import LIMITS, ConnectionLimits
from nexus_actors.http.cors import Cors
from nexus_actors.http.doorway import Doorway
from nexus_actors.http.endpoint import Endpoint
from nexus_actors.http.final_answer import FinalAnswers
from nexus_actors.http.gateway import Gateway
from nexus_actors.http.guard import Guard
from nexus_actors.http.health import Health
from nexus_actors.http.insight import INNER_NETWORKS, Insight, inner_networks
from nexus_actors.http.limits import RateLimit
from nexus_actors.http.listener import listen
from nexus_actors.http.openapi import openapi_document
from nexus_actors.http.ports import FacePorts
from nexus_actors.http.route import Route, RouteError
from nexus_actors.http.route_table import check_routes, location_of, router_path
from nexus_actors.http.routes import Routes
from nexus_actors.http.system_pages import SYSTEM_PATHS, SystemPages


class FaceSettings(Struct, frozen=True, kw_only=True):
    """How a face behaves, whatever its routes.

    Attributes:
        drain_s: how long requests at work may take to end when the face stops, in seconds; then they are cancelled.
        notice_s: how long readiness says no before the port is closed, for load balancers to notice, in seconds.
        max_in_flight: how many requests may be at work at once; more are answered 503.
        default_limit: the rate limit of routes that declare none.
        trusted_proxies: the networks of the proxies whose X-Forwarded-For is believed.
        origins: those of the pages that browsers let ask here.
        inner_networks: those from which metrics and details of health are seen without a token.
        connections: what one connection may take, and how many there may be.
    """

    drain_s: float = 10.0
    notice_s: float = 0.0
    max_in_flight: int = 1024
    default_limit: RateLimit | None = None
    trusted_proxies: tuple[Network, ...] = ()
    origins: frozenset[str] = frozenset()
    inner_networks: tuple[Network, ...] = inner_networks(INNER_NETWORKS)
    connections: ConnectionLimits = ConnectionLimits()


class Face:
    """One service over HTTP.

    Args:
        name: name of the service.
        title: its title, as people write it.
        port: the port that it listens on where `serve` is not told another.
        version: version of the release.
        routes: its routes.
        ports: what it needs of the rest of the process.
        deps: what handlers get as ``request.deps``.
        settings: how it behaves.
        gateway: passes requests on to other services; None for a face that does not.

    Raises:
        RouteError: two routes have the same method and path, or one has that of a page which every service has.
    """

    def __init__(
        self,
        name: str,
        *,
        title: str,
        port: int,
        version: str,
        routes: Sequence[Routes],
        ports: FacePorts,
        deps: Any = None,  # noqa: ANN401 - the service's own
        settings: FaceSettings | None = None,
        gateway: Gateway | None = None,
    ) -> None:
        self.name = name
        self.port = port
        self.routes: tuple[Route, ...] = tuple(route for group in routes for route in group.all)
        check_routes(self.routes, SYSTEM_PATHS)
        self.openapi = openapi_document(title, version, self.routes)
        self._settings = settings = settings or FaceSettings()
        self._ports = ports
        self._deps = deps
        self._gateway = gateway
        self._health = Health(name, version, port, ports.health)
        cors = Cors(settings.origins)
        self._guard = Guard(name, ports, settings.trusted_proxies, settings.max_in_flight, SYSTEM_PATHS, cors)
        self._admission = Admission(name, ports.tokens, ports.limiter, settings.default_limit)
        self._pages = SystemPages(
            name=name,
            title=title,
            version=version,
            health=self._health,
            insight=Insight(self._admission, settings.inner_networks),
            registry=ports.registry,
            clock=ports.clock,
            openapi=self.openapi,
        )

    @property
    def in_flight(self) -> int:
        """How many requests are at work."""
        return self._guard.in_flight

    def start_draining(self) -> None:
        """Say that the service is about to stop: readiness answers 503, and connections close after their next answer."""
        self._drain(is_on=True)

    def _drain(self, *, is_on: bool) -> None:
        self._health.draining = is_on
        self._guard.draining = is_on

    @asynccontextmanager
    async def serve(self, host: str, port: int | None = None, *, reuse_port: bool = False) -> AsyncIterator[int]:
        """Listen, for as long as the context lasts, on the port that it gives.

        At its end, cancelled or not: readiness says no for ``notice_s``, the port is closed, idle connections are closed,
        requests at work get ``drain_s`` to end, and what is left is cancelled.

        Args:
            host: the address to listen on.
            port: the port; 0 for any free one; None for the face's own.
            reuse_port: let other processes listen on the same port, and the kernel spread connections over them.

        Raises:
            CannotListen: the port is taken, or may not be used.
        """
        self._drain(is_on=False)
        async with (
            nullcontext() if self._gateway is None else self._gateway.open(),
            self._listening(host, port, reuse_port) as at,
        ):
            yield at

    @asynccontextmanager
    async def _listening(self, host: str, port: int | None, reuse_port: bool) -> AsyncIterator[int]:
        # aiohttp waits so long for the ends of requests, and then as long again for the bodies that are still on their way.
        half_s = self._settings.drain_s / 2
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=half_s)
        await runner.setup()
        try:
            wanted = self.port if port is None else port
            listener = await listen(self._doorway(runner), self.name, host, wanted, reuse_port=reuse_port)
            self._health.port = listener.port
            try:
                yield listener.port
            finally:
                self.start_draining()
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(self._settings.notice_s)
                listener.close()
        finally:
            with anyio.CancelScope(shield=True):
                await runner.cleanup()

    def _doorway(self, runner: web.AppRunner) -> Doorway:
        if runner.server is None:
            raise RuntimeError("The runner is not set up.")
        return Doorway(runner.server, FinalAnswers(self.name, self._ports), self._settings.connections)

    def _application(self) -> web.Application:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._guard.handle(request, handler)

        application = web.Application(middlewares=[guard])
        application[LIMITS] = self._settings.connections
        self._pages.add_to(application.router)
        for route in self.routes:
            endpoint = Endpoint(route, self._admission, self._ports, self._deps, location_of(route, self.routes))
            methods = [route.method, hdrs.METH_HEAD] if route.is_read else [route.method]
            for method in methods:
                application.router.add_route(method, router_path(route), endpoint.answer, expect_handler=expect)
        if self._gateway is not None:
            self._gateway.add_to(application.router)
        return application


__all__ = ["Face", "FaceSettings", "RouteError"]
