"""A connection for which there is no room."""

import asyncio
from typing import Final, cast

from typing_extensions import override

from nexus_actors.http.final_answer import FinalAnswers
from nexus_actors.http.problem import unavailable

LINGERING_S: Final = 1.0
"""How long what it sends is read and thrown away: a close before would take the answer back (RFC 9112, section 9.6)."""

_RETRY_S: Final = 5.0


class TurnedAway(asyncio.Protocol):
    """Answers 503 to whatever comes, and ends.

    Args:
        answers: writes the answer.
        leaving: those that are waited for until they have read their answer; None: this one is not.
    """

    def __init__(
        self, answers: FinalAnswers, loop: asyncio.AbstractEventLoop, leaving: set[asyncio.BaseProtocol] | None
    ) -> None:
        self._answers = answers
        self._loop = loop
        self._leaving = leaving
        self._transport: asyncio.Transport | None = None
        self._end: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        detail = "Too many connections are open here. Close those that you do not need, and come again later."
        self._transport.write(self._answers.write(unavailable("too_many_connections", detail, _RETRY_S)))
        if self._leaving is None:
            self._transport.close()
            return
        self._leaving.add(self)
        self._transport.write_eof()
        self._end = self._loop.call_later(LINGERING_S, self._transport.close)

    @override
    def eof_received(self) -> None:
        """The other side is done too: the transport closes itself."""

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._end is not None:
            self._end.cancel()
        if self._leaving is not None:
            self._leaving.discard(self)
