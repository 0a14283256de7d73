"""Doubles of what a face stands on."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import anyio

from bus import Command, Refusal
from nexus_actors.asking import Reply
from nexus_actors.database import Row
from nexus_actors.http.tokens import Unauthorised
from nexus_actors.principal import Principal
from tests.nexus_actors.http.crates import Crate, PackCrate

R = TypeVar("R")
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CALLERS = {
    "writer": Principal(subject="ana", tenant="acme", scopes=frozenset({"depot:*"}), session_id="s1"),
    "reader": Principal(subject="ben", tenant="acme", scopes=frozenset({"depot:read"})),
    "operator": Principal(subject="ops", tenant="main", scopes=frozenset({"platform:read"})),
    "tenant-admin": Principal(subject="eve", tenant="acme", scopes=frozenset({"*"})),
}


class Tokens:
    """Verifies the tokens of those in `CALLERS`."""

    def verify(self, token: str, audience: str) -> Principal:
        assert audience == "depot-ms"
        if token == "expired":
            raise Unauthorised("token_expired", 'The token has expired. Say "log in".')
        if token not in CALLERS:
            raise Unauthorised("token_bad_signature", "The token's signature is wrong.")
        return CALLERS[token]


class Inbox:
    """Answers commands as an inbox does: once for an id, with the first answer ever after."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.fails: Exception | None = None
        self._answers: dict[UUID, tuple[str | None, Any]] = {}

    async def ask(
        self,
        command: Command[R],
        *,
        principal: Principal | None,
        message_id: UUID | None,
        fingerprint: str | None,
        timeout_s: float,
        traceparent: str | None,
    ) -> Reply[R]:
        self.calls.append({"command": command, "principal": principal, "id": message_id, "traceparent": traceparent})
        if self.fails is not None:
            raise self.fails
        if message_id is not None and message_id in self._answers:
            first, given = self._answers[message_id]
            if first != fingerprint:
                raise Refusal.invalid("idempotency_mismatch", "This Idempotency-Key was used for another request.")
            return Reply(given, replayed=True)
        assert isinstance(command, PackCrate)
        answer: Any = Crate(crate_id=command.crate_id, label=command.label)
        if message_id is not None:
            self._answers[message_id] = fingerprint, answer
        return Reply(answer)


class Table:
    """A database in which every crate but those of id 0 exists."""

    async def fetch(self, query: str, *args: object) -> Sequence[Row]:
        return []

    async def fetchrow(self, query: str, *args: object) -> Any:
        return {"label": "oak"} if args[1] != UUID(int=0) else None

    async def fetchval(self, query: str, *args: object) -> Any:
        return None


class Probe:
    """A process in whatever state a test needs."""

    def __init__(self) -> None:
        self.dependencies: Mapping[str, bool] = {"database": True, "cache": True}
        self.is_live = True
        self.is_ready = True
        self.seen_troubles: tuple[str, ...] = ()
        self.seen_waiting: tuple[str, ...] = ()
        self.seen_warnings: tuple[str, ...] = ()
        self.delay_s = 0.0

    async def check(self) -> Mapping[str, bool]:
        await anyio.sleep(self.delay_s)
        return self.dependencies

    def live(self) -> bool:
        return self.is_live

    def ready(self) -> bool:
        return self.is_ready

    def troubles(self) -> Sequence[str]:
        return self.seen_troubles

    def waiting(self) -> Sequence[str]:
        return self.seen_waiting

    def warnings(self) -> Sequence[str]:
        return self.seen_warnings


class Counts:
    """Keeps what was counted."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, int]] = []

    def observe(self, method: str, path: str, status: int, duration_s: float) -> None:
        assert duration_s >= 0
        self.seen.append((method, path, status))


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
