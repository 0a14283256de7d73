"""Where connections come in: each gets a protocol, as long as there is room."""

import asyncio
from typing import Final

from aiohttp import web
from typing_extensions import override

from nexus_actors.http.connection_limits import ConnectionLimits
from nexus_actors.http.final_answer import FinalAnswers
from nexus_actors.http.protocol import ProblemProtocol
from nexus_actors.http.room import Room
from nexus_actors.http.turned_away import TurnedAway

LINGERING_SHARE: Final = 4
"""One connection in so many of the limit may be turned away with patience at a time; more are cut off."""


class Doorway:
    """Gives a protocol to every connection that comes in.

    Args:
        server: answers the requests.
        answers: writes what is said where there is no request.
        limits: what one connection may take, and how many there may be.
    """

    def __init__(self, server: web.Server, answers: FinalAnswers, limits: ConnectionLimits) -> None:
        self._server = server
        self._answers = answers
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._room = Room(limits)
        self._leaving: set[asyncio.BaseProtocol] = set()

    def __call__(self) -> asyncio.Protocol:
        """The protocol of a connection that has just come in, and of which nothing is known yet."""
        return _Newcomer(self)

    def protocol_for(self, address: str) -> asyncio.Protocol:
        """What a connection from an address is: a guest where there is room, else turned away."""
        guest = ProblemProtocol(self._server, self._answers, self._limits, self._loop, self._room)
        if self._room.admit(guest, address):
            return guest
        patient = len(self._leaving) * LINGERING_SHARE < self._limits.connections
        return TurnedAway(self._answers, self._loop, self._leaving if patient else None)


class _Newcomer(asyncio.Protocol):
    """Finds out where a connection comes from, and hands it over."""

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        protocol = self._doorway.protocol_for(str(peer[0]) if isinstance(peer, tuple) else "unknown")
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
