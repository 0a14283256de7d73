"""The running platform for a program outside: over HTTP with a token of its own, and by the events that pass."""

from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypeVar
from uuid import UUID

import anyio
import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout
from msgspec import Struct

from bus import Envelope, StreamName, Topic, new_id
from bus.follower import follow
from bus.position import Position
from bus.store import StreamStore
from nexus_actors.cli.platform.located import Located
from nexus_actors.cli.terminal.screen import say
from nexus_actors.demo import DemoFailed, RequestFailed
from nexus_actors.http.problem import Problem
from nexus_actors.local.credentials import Credentials
from nexus_actors.local.health import reachable_host
from nexus_actors.operations.streams import open_streams
from nexus_actors.platform.catalogue import Catalogue

T = TypeVar("T")

_TIMEOUT = ClientTimeout(total=30)
_FOLLOW_BLOCK_S = 0.5


class _Token(Struct, frozen=True):
    access_token: str


class PlatformVisitor:
    """See `nexus_actors.demo.Visitor`."""

    def __init__(self, located: Located, catalogue: Catalogue, session: ClientSession, token: str) -> None:
        self._located = located
        self._catalogue = catalogue
        self._session = session
        self._headers = {"Authorization": f"Bearer {token}"}

    def say(self, text: str) -> None:
        """See `Visitor.say`."""
        say(text)

    def now(self) -> datetime:
        """See `Visitor.now`."""
        return datetime.now(UTC)

    def new_id(self) -> UUID:
        """See `Visitor.new_id`."""
        return new_id()

    async def get(self, service: str, path: str, kind: type[T]) -> T:
        """See `Visitor.get`."""
        return await self._request("GET", service, path, None, kind)

    async def post(self, service: str, path: str, body: object, kind: type[T]) -> T:
        """See `Visitor.post`."""
        return await self._request("POST", service, path, body, kind)

    @asynccontextmanager
    async def watch(self, topics: Sequence[Topic]) -> AsyncIterator[Sequence[Envelope]]:
        """See `Visitor.watch`."""
        seen: list[Envelope] = []
        located = self._located
        streams = [stream for topic in topics for stream in topic.streams("events")]
        async with open_streams(located.redis_url, located.redis_prefix) as store:
            after = await store.last(streams)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_collect, store, after, seen)
                yield seen
                tasks.cancel_scope.cancel()

    async def _request(self, method: str, service: str, path: str, body: object, kind: type[T]) -> T:
        url = _base_url(self._located, self._catalogue, service) + path
        headers = self._headers if body is None else {**self._headers, "Content-Type": "application/json"}
        data = None if body is None else msgspec.json.encode(body)
        try:
            async with self._session.request(method, url, data=data, headers=headers) as response:
                status, content = response.status, await response.read()
        except (ClientError, TimeoutError) as error:
            raise DemoFailed(f"{service} does not answer {method} {path}: {error}. See: nexus status") from error
        if status >= HTTPStatus.BAD_REQUEST:
            raise RequestFailed(status, f"{service} answers {method} {path} with {_problem(status, content)}")
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.MsgspecError as error:
            raise DemoFailed(f"{service} answers {method} {path} with what nobody expects: {error}.") from error


@asynccontextmanager
async def visit(located: Located, catalogue: Catalogue, credentials: Credentials) -> AsyncIterator[PlatformVisitor]:
    """Log in and look around.

    Raises:
        DemoFailed: the platform does not let us in.
    """
    async with ClientSession(timeout=_TIMEOUT) as session:
        token = await _log_in(session, _base_url(located, catalogue, credentials.issuer), credentials)
        yield PlatformVisitor(located, catalogue, session, token)


async def _log_in(session: ClientSession, issuer_url: str, credentials: Credentials) -> str:
    """A token by the client's secret (RFC 6749, section 4.4)."""
    pair = b64encode(f"{credentials.client_id}:{credentials.client_secret}".encode()).decode()
    form = {"grant_type": "client_credentials"}
    headers = {"Authorization": f"Basic {pair}"}
    try:
        async with session.post(f"{issuer_url}/oauth2/token", data=form, headers=headers) as response:
            status, content = response.status, await response.read()
    except (ClientError, TimeoutError) as error:
        raise DemoFailed(f"{credentials.issuer} does not answer: {error}. See: nexus status") from error
    if status != HTTPStatus.OK:
        raise DemoFailed(
            f"{credentials.issuer} does not let the command line in ({_problem(status, content)}). An administrator may have "
            "disabled its account or replaced its secret. To give it a new one: nexus renew-account"
        )
    return msgspec.json.decode(content, type=_Token).access_token


def _base_url(located: Located, catalogue: Catalogue, service: str) -> str:
    host = reachable_host(located.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{catalogue.named(service).port + located.port_offset}"


def _problem(status: int, content: bytes) -> str:
    try:
        problem = msgspec.json.decode(content, type=Problem)
    except msgspec.MsgspecError:
        return f"{status}: {content[:200].decode(errors='replace')}"
    fields = "".join(f"\n  {error.field}: {error.reason}" for error in problem.errors)
    return f"{status} {problem.code}: {problem.detail}{fields}"


async def _collect(store: StreamStore, after: dict[StreamName, Position], seen: list[Envelope]) -> None:
    async for followed in follow(store, after, block_s=_FOLLOW_BLOCK_S):
        seen.append(followed.envelope)
