"""What the HTTP face needs from the rest of the process."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct
from prometheus_client import CollectorRegistry

from bus import new_id
from nexus_actors.asking import Asker
from nexus_actors.database import Database
from nexus_actors.http.limits import RateLimiter
from nexus_actors.http.tokens import TokenVerifier
from nexus_actors.telemetry.spans import NoSpans, Spans


class HealthProbe(Protocol):
    """Knows how the process fares. What it says beyond a word is for operators; it holds no secrets all the same."""

    async def check(self) -> Mapping[str, bool]:
        """For each dependency, such as ``database``, whether it is connected. Must not raise; is given two seconds."""
        ...

    def live(self) -> bool:
        """Whether the loops of the process make progress; when not, it should be restarted."""
        ...

    def ready(self) -> bool:
        """Whether the process has started and takes requests."""
        ...

    def troubles(self) -> Sequence[str]:
        """What keeps the service from its work now; empty while all is well. The process is not ready meanwhile."""
        ...

    def waiting(self) -> Sequence[str]:
        """How many keys wait without being to blame, and for what; empty where none does. All others go on."""
        ...

    def warnings(self) -> Sequence[str]:
        """What is dangerous about the servers that it uses, though everything works."""
        ...


class RequestMetrics(Protocol):
    """Counts answers. Must not block or raise."""

    def observe(self, method: str, path: str, status: int, duration_s: float) -> None:
        """One request was answered.

        Args:
            method: its HTTP method; ``OTHER`` for one that HTTP does not name.
            path: the template of its route, such as ``/v1/vehicles/{vehicle_id}``; ``unmatched`` where there is none.
            status: the status of the answer.
            duration_s: from the head of the request to the answer, in seconds.
        """
        ...


class FacePorts(Struct, frozen=True, kw_only=True):
    """What a face needs from the rest of the process.

    Attributes:
        asker: asks commands.
        db: reads the service's own schema.
        tokens: verifies bearer tokens.
        health: knows how the process fares.
        limiter: counts requests for rate limits.
        metrics: counts answers.
        registry: what ``/metrics`` shows.
        clock: tells the time, UTC.
        stopwatch: seconds from any start, which never go back.
        new_id: makes UUIDv7 ids.
        random: makes that many bytes that nobody can foresee.
        spans: tells how long requests took, to whoever collects traces.
    """

    asker: Asker
    db: Database
    tokens: TokenVerifier
    health: HealthProbe
    limiter: RateLimiter
    metrics: RequestMetrics
    registry: CollectorRegistry
    clock: Callable[[], datetime]
    stopwatch: Callable[[], float]
    new_id: Callable[[datetime], UUID] = new_id
    random: Callable[[int], bytes] = secrets.token_bytes
    spans: Spans = NoSpans(secrets.token_bytes)
