"""A proxy in front of PostgreSQL that breaks the connection at the worst moment: in the middle of a commit."""

from typing import Final, Literal
from weakref import WeakKeyDictionary

import anyio
from typing_extensions import override

from tests.faults.proxy import Link, Proxy

Moment = Literal["before", "after", "late"]

_HEADER: Final = 5
_PROTOCOL_3: Final = b"\x00\x03"
_COMMIT_CALL: Final = b"commit_turns"
_ANSWERED_S: Final = 2.0


class _Session:
    """What one connection's client has said: how far it is in the protocol, and in a transaction.

    Source: PostgreSQL's documentation, "Frontend/Backend Protocol", message formats.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._started = False
        self._commits: set[bytes] = set()
        self._begun = False

    def commits(self, chunk: bytes) -> bool:
        """Whether a piece of what the client sends ends a transaction of turns."""
        self._rest += chunk
        found = False
        while (message := self._next()) is not None:
            found |= self._is_commit(message)
        return found

    def _next(self) -> bytes | None:
        """The next whole message, beginning with its type; those before the session has started have none."""
        at = 1 if self._started else 0
        if len(self._rest) < at + 4:
            return None
        length = at + int.from_bytes(self._rest[at : at + 4], "big")
        if len(self._rest) < length:
            return None
        message, self._rest = self._rest[:length], self._rest[length:]
        if not self._started:
            self._started = message[4:6] == _PROTOCOL_3
            return b"?"
        return message

    def _is_commit(self, message: bytes) -> bool:
        kind, body = message[:1], message[_HEADER:]
        if kind == b"P":
            name, query = body.split(b"\0")[:2]
            if _COMMIT_CALL in query:
                self._commits.add(name)
        elif kind == b"Q":
            begun, self._begun = self._begun, body.startswith(b"BEGIN")
            return begun and body.startswith(b"COMMIT")
        elif kind == b"B":
            return not self._begun and body.split(b"\0", 2)[1] in self._commits
        return False


class PostgresProxy(Proxy):
    """See `Proxy`.

    Attributes:
        moment: when to break the next commit of turns: ``before`` the server gets it; ``after`` it got it, so that only the
            answer is lost; ``late`` breaks the connection first and brings the commit to the server `late_s` afterwards.
        broken: how many commits were broken.
    """

    def __init__(self, target: int) -> None:
        super().__init__(target)
        self.moment: Moment | None = None
        self.late_s = 2.0
        self.broken = 0
        self._sessions: WeakKeyDictionary[Link, _Session] = WeakKeyDictionary()

    @override
    async def forward(self, link: Link, chunk: bytes) -> None:
        session = self._sessions.setdefault(link, _Session())
        if not session.commits(chunk) or self.moment is None:
            await super().forward(link, chunk)
            return
        moment, self.moment = self.moment, None
        self.broken += 1
        if moment == "before":
            await link.cut()
            return
        # The answer is kept from the client, which sees its connection end; the server goes on.
        with anyio.CancelScope(shield=True):
            if moment == "after":
                await self._deliver(link, chunk)
            else:
                await anyio.aclose_forcefully(link.client)
                await anyio.sleep(self.late_s)
                await self._deliver(link, chunk)

    async def _deliver(self, link: Link, chunk: bytes) -> None:
        await anyio.aclose_forcefully(link.client)
        await link.server.send(chunk)
        await anyio.sleep(_ANSWERED_S)
