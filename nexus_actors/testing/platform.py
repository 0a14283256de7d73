"""Services in this process, as tests drive them."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import anyio
from aiohttp import ClientSession

from bus import Channel, Command, Event, Topic, new_id
from bus.codec import Contracts, encode_envelope
from bus.envelope import seal
from bus.follower import Followed, follow
from bus.memory import MemoryStreamStore
from bus.position import START
from bus.publisher import Outgoing, Publisher
from bus.store import StreamStore
from nexus_actors.http.tokens import TokenVerifier
from nexus_actors.principal import Principal
from nexus_actors.service import Service
from nexus_actors.settings.config import Settings
from nexus_actors.testing.http import HttpProbe
from nexus_actors.testing.tokens import KnownTokens
from nexus_actors.worker import Worker, WorkerOptions, open_worker
from nexus_actors.worker.faces import Faces
from nexus_actors.worker.worker import utc_now

R = TypeVar("R")
E = TypeVar("E", bound=Event)


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


class TestPlatform:
    """Some services, running.

    Attributes:
        worker: the worker that hosts them.
        tokens: gives out tokens; of no use where the platform was opened with another verifier.
        seen: every message that any topic concerned has carried, in order.
    """

    __test__ = False

    def __init__(self, worker: Worker, faces: Faces, session: ClientSession, tokens: KnownTokens) -> None:
        self.worker = worker
        self.faces = faces
        self.tokens = tokens
        self.seen: list[Followed] = []
        self._session = session
        self._publisher = Publisher(worker.streams)

    async def ask(
        self,
        command: Command[R],
        *,
        tenant: str = "main",
        scopes: Sequence[str] = (),
        subject: str = "tester",
        timeout_s: float = 10.0,
    ) -> R:
        """Ask a command as a caller of some tenant; raises `bus.Refusal` as the service does."""
        principal = Principal(subject=subject, tenant=tenant, scopes=frozenset(scopes))
        reply = await self.worker.asker.ask(command, principal=principal, timeout_s=timeout_s)
        return reply.value

    async def publish(self, event: Event, *, tenant: str = "main", **envelope: object) -> None:
        """Publish an event as the service would whose topic it is; ``envelope`` overrides attributes, such as ``id``."""
        sealed = seal(event, message_id=new_id(), source=event.topic.service, now=utc_now())
        sealed = sealed.replace(tenant=tenant, **envelope)
        stream = event.topic.stream("events", event.topic.partition_of(sealed.subject))
        await self._publisher.publish([Outgoing(stream, encode_envelope(sealed))])

    def http(self, service: str, *scopes: str, tenant: str = "main", subject: str = "tester") -> HttpProbe:
        """A client of a service, with a token for these scopes."""
        return self.bearer(service, self.tokens.issue(*scopes, tenant=tenant, subject=subject))

    def bearer(self, service: str, token: str | None) -> HttpProbe:
        """A client of a service, with this token or none."""
        return HttpProbe(self._session, f"http://127.0.0.1:{self.faces.ports[service]}", token)

    def events(self, event_type: type[E], *, tenant: str | None = None) -> list[E]:
        """The events of a type that have been published, in order: of a tenant, or of all of them."""
        contracts = Contracts([event_type])
        name = event_type.wire_type()
        mine = [f.envelope for f in self.seen if f.envelope.type == name and not f.envelope.forwarded]
        found: list[Any] = [contracts.decode(envelope) for envelope in mine if tenant in {None, envelope.tenant}]
        return found

    async def until(self, holds: Callable[[], bool], within_s: float = 10.0) -> None:
        """Wait until something holds."""
        with anyio.fail_after(within_s):
            while not holds():  # noqa: ASYNC110 - whatever the test looks at tells nobody when it changes
                await anyio.sleep(0.01)

    async def settle(self, within_s: float = 10.0) -> None:
        """Wait until every message has been handled, those that handling brought forth too."""
        quiet = 0
        with anyio.fail_after(within_s):
            while quiet < 2:  # noqa: PLR2004 - what was published last must have been seen as read
                quiet = quiet + 1 if await self._is_quiet() else 0
                await anyio.sleep(0.01)

    async def _is_quiet(self) -> bool:
        trackers = {
            (name, stream): tracker
            for name, host in self.worker.hosts.items()
            for partition in host.loop.partitions.values()
            for stream, tracker in partition.trackers.items()
        }
        last = await self.worker.streams.last(sorted({stream for _, stream in trackers}))
        hosts, now = self.worker.hosts.values(), self.worker.clock()
        partitions = [partition for host in hosts for partition in host.loop.partitions.values()]
        published = not any(partition.unpublished for partition in partitions)
        # Letters that may go on are in no stream.
        released = any(held.is_due(now) and any(d.parked for d in held) for p in partitions for held in p.held.values())
        handled = all(host.ownership.is_reading for host in hosts) and not released
        return published and handled and all(tracker.checkpoint() >= last[stream] for (_, stream), tracker in trackers.items())


@asynccontextmanager
async def open_platform(
    services: Sequence[Service],
    database_url: str,
    *,
    streams: StreamStore | None = None,
    tokens: TokenVerifier | None = None,
    environ: Mapping[str, str] | None = None,
    options: WorkerOptions | None = None,
) -> AsyncIterator[TestPlatform]:
    """Run services over a database, and over streams in memory where no other store is given.

    Args:
        tokens: the verifier of their faces; one that knows the tokens of `TestPlatform.http` when left out.
        environ: more NEXUS_* settings.
    """
    settings = Settings.load({"NEXUS_DATABASE_URL": database_url, **(environ or {})})
    options = options or WorkerOptions(streams=streams or MemoryStreamStore(_milliseconds))
    known = KnownTokens()
    async with open_worker(settings, services, options) as worker, ClientSession() as session:
        faces = Faces(worker, tokens or known, free_ports=True)
        platform = TestPlatform(worker, faces, session, known)
        async with worker.running(), faces.serving(), anyio.create_task_group() as watching:
            watching.start_soon(_watch, platform, _topics(services))
            yield platform
            watching.cancel_scope.cancel()


def _topics(services: Sequence[Service]) -> list[Topic]:
    topics = {topic.service: topic for service in services for topic in (service.topic, *service.subscriptions())}
    return list(topics.values())


async def _watch(platform: TestPlatform, topics: Sequence[Topic]) -> None:
    channels: tuple[Channel, ...] = ("commands", "events")
    after = {stream: START for topic in topics for channel in channels for stream in topic.streams(channel)}
    async for followed in follow(platform.worker.streams, after, block_s=0.5):
        platform.seen.append(followed)
