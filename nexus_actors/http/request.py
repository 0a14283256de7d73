"""What a route's handler is given."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from msgspec import Struct

from bus import Command
from nexus_actors.asking import Asker
from nexus_actors.database import Database
from nexus_actors.http import etag
from nexus_actors.http.idempotency import Idempotency
from nexus_actors.http.page import PageQuery, decode_cursor
from nexus_actors.principal import Principal
from nexus_actors.telemetry.tracing import TraceContext

R = TypeVar("R")

DEFAULT_TIMEOUT_S = 10.0


class Arrival(Struct, frozen=True, kw_only=True):
    """What is known of a request before its route looks at it.

    Attributes:
        now: when it came, UTC.
        trace: where it stands in its trace.
        remote_ip: the address that asked, behind the proxies that are trusted.
        headers: its headers; names in any case.
        if_match: the values of its If-Match headers.
    """

    now: datetime
    trace: TraceContext
    remote_ip: str
    headers: Mapping[str, str]
    if_match: Sequence[str] = ()


class Request:
    """One HTTP request, as far as a handler needs to know it.

    Attributes:
        caller: who asks; None on a public route.
        db: the service's own schema, for reading.
        now: when the request came, UTC.
        headers: its headers; names in any case.
        remote_ip: the address that asked.
        trace: where the request stands in its trace.
        deps: what the service handed to its face.
        replayed: whether an answer of an earlier request was replayed, under the same idempotency key.
    """

    def __init__(
        self,
        arrival: Arrival,
        *,
        caller: Principal | None,
        idempotency: Idempotency | None,
        db: Database,
        asker: Asker,
        new_id: Callable[[datetime], UUID],
        deps: Any,  # noqa: ANN401 - the service's own
    ) -> None:
        self.caller = caller
        self.db = db
        self.now = arrival.now
        self.headers = arrival.headers
        self.remote_ip = arrival.remote_ip
        self.trace = arrival.trace
        self.deps: Any = deps
        self.replayed = False
        self._if_match = arrival.if_match
        self._idempotency = idempotency
        self._asker = asker
        self._new_id = new_id
        self._asked = 0
        self._made = 0

    @property
    def principal(self) -> Principal:
        """Who asks.

        Raises:
            LookupError: the route is public, so nobody is known to ask.
        """
        if self.caller is None:
            raise LookupError("This route is public: there is no principal. Give the route a scope, or use request.caller.")
        return self.caller

    @property
    def tenant(self) -> str:
        """The tenant of the caller, to whose things every read is bound.

        Raises:
            LookupError: the route is public.
        """
        return self.principal.tenant

    @property
    def trace_id(self) -> str:
        """Finds this request in logs and traces."""
        return self.trace.trace_id

    @property
    def expected_version(self) -> int | None:
        """The version that the caller has read, from If-Match; None where any will do.

        Raises:
            HttpProblem: the header is malformed or names several versions (400), or no version at all (412).
        """
        return etag.expected_version(self._if_match)

    @property
    def expected_versions(self) -> frozenset[int] | None:
        """All versions that If-Match allows; None where any will do.

        Raises:
            HttpProblem: the header is malformed (400), or names no version at all (412).
        """
        return etag.expected_versions(self._if_match)

    def new_id(self) -> UUID:
        """A new id for a thing: a UUIDv7, or, under an idempotency key, the one that follows from it and from the count."""
        self._made += 1
        if self._idempotency is None:
            return self._new_id(self.now)
        return self._idempotency.new_id(self._made)

    async def ask(self, command: Command[R], timeout_s: float = DEFAULT_TIMEOUT_S) -> R:
        """Ask a command on behalf of the caller and await its answer.

        Under an idempotency key, a repeat of the request asks with the same ids and so gets the same answers.

        Args:
            command: what is asked.
            timeout_s: how long to wait, in seconds.

        Raises:
            bus.Refusal: a rule said no. Not catching it is right: the face answers with its problem document.
            bus.BusError: see `Asker.ask`; the face answers 503.
        """
        self._asked += 1
        idempotency = self._idempotency
        reply = await self._asker.ask(
            command,
            principal=self.caller,
            message_id=None if idempotency is None else idempotency.message_id(self._asked),
            fingerprint=None if idempotency is None else idempotency.fingerprint,
            timeout_s=timeout_s,
            traceparent=self.trace.header(),
        )
        self.replayed = self.replayed or reply.replayed
        return reply.value

    def cursor(self, query: PageQuery, kind: type[R]) -> R | None:
        """Where the page that is asked for starts; None for the first page.

        Args:
            query: the request's query.
            kind: what `encode_cursor` was given, such as ``tuple[datetime, UUID]``.

        Raises:
            HttpProblem: 422; the cursor was changed on the way.
        """
        return None if query.cursor is None else decode_cursor(query.cursor, kind)
