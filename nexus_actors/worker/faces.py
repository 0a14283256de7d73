"""The HTTP faces of a worker's services."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskStatus

from nexus_actors.asking import BusAsker
from nexus_actors.failures.blame import blaming
from nexus_actors.http.connection_limits import ConnectionLimits
from nexus_actors.http.cors import exact_origins
from nexus_actors.http.face import Face, FaceSettings
from nexus_actors.http.insight import inner_networks
from nexus_actors.http.limits import InMemoryRateLimiter
from nexus_actors.http.ports import FacePorts
from nexus_actors.http.tokens import TokenVerifier
from nexus_actors.operations.dead_letters import DeadLetters
from nexus_actors.operations.states import States
from nexus_actors.postgres.dead_letters import PostgresDeadLetters
from nexus_actors.security.verifier import JwtVerifier
from nexus_actors.service import platform_version
from nexus_actors.settings.config import Settings
from nexus_actors.settings.environment import Environment
from nexus_actors.worker.host import ServiceHost
from nexus_actors.worker.probe import LoopProbe

if TYPE_CHECKING:
    from nexus_actors.worker.worker import Worker


class Faces:
    """Builds and serves the faces of a worker.

    Args:
        tokens: verifies tokens, instead of the keys that auth-ms publishes.
        free_ports: listen on any free ports, for tests.
    """

    def __init__(self, worker: "Worker", tokens: TokenVerifier | None = None, *, free_ports: bool = False) -> None:
        self._worker = worker
        settings = worker.settings
        self._tokens = tokens or JwtVerifier(worker.trust, settings.auth_issuer, worker.clock)
        self._free_ports = free_ports
        self._limiter = InMemoryRateLimiter()
        self.probes: dict[str, LoopProbe] = {}
        self.ports: dict[str, int] = {}

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve every service on its port. At the end they all finish what is at work at the same time."""
        over = anyio.Event()
        async with anyio.create_task_group() as tasks:
            for name, host in self._worker.hosts.items():
                port = 0 if self._free_ports else host.service.entry.port + self._worker.settings.port_offset
                self.ports[name] = await tasks.start(self._serve, self._face(host), port, over)
                self.probes[name].started = True
            yield
            over.set()

    async def _serve(self, face: Face, port: int, over: anyio.Event, *, task_status: TaskStatus[int]) -> None:
        settings = self._worker.settings
        async with face.serve(settings.host, port, reuse_port=settings.workers > 1) as at:
            task_status.started(at)
            await over.wait()

    def drain(self) -> None:
        """Say on all of them that the worker is about to stop."""
        for probe in self.probes.values():
            probe.draining = True

    def _face(self, host: ServiceHost) -> Face:
        worker, service = self._worker, host.service
        spans = worker.spans.service(service.name)
        asker = BusAsker(worker.requests, service.name, worker.clock, spans)
        known = host.database, worker.streams, host.loop, worker.keeper.trouble, host.ownership
        self.probes[service.name] = probe = LoopProbe(*known, worker.clock, worker.warnings)
        metrics = worker.metrics.service(service.name)
        ports = FacePorts(
            asker=asker,
            db=host.database,
            tokens=self._tokens,
            health=probe,
            limiter=self._limiter,
            metrics=metrics,
            registry=metrics.registry,
            clock=worker.clock,
            stopwatch=time.perf_counter,
            spans=spans,
        )
        environment = self._environment(host, asker)
        with blaming():
            deps = None if service.deps is None else service.deps(environment)
            gateway = None if service.gateway is None else service.gateway(environment)
        return Face(
            service.name,
            title=service.entry.title,
            port=service.entry.port + worker.settings.port_offset,
            version=platform_version(),
            routes=service.routes,
            ports=ports,
            deps=deps,
            settings=_face_settings(worker.settings),
            gateway=gateway,
        )

    def _environment(self, host: ServiceHost, asker: BusAsker) -> Environment:
        worker = self._worker
        return Environment(
            settings=worker.settings,
            database=host.database,
            platform=worker.platform,
            streams=worker.streams,
            trust=worker.trust,
            asker=asker,
            dead_letters=DeadLetters(PostgresDeadLetters(worker.platform), asker),
            states=States(worker.platform, asker),
            clock=worker.clock,
        )


def _face_settings(settings: Settings) -> FaceSettings:
    limits = ConnectionLimits(
        head_s=settings.http_head_s,
        body_s=settings.http_body_s,
        idle_s=settings.http_idle_s,
        connections=settings.http_connections,
        connections_per_address=settings.http_connections_per_address,
    )
    return FaceSettings(
        drain_s=settings.drain_s,
        connections=limits,
        origins=exact_origins(settings.http_origins),
        inner_networks=inner_networks(settings.http_inner_networks),
    )
