"""What one connection may take of a face, and how many there may be."""

from typing import Final

from aiohttp import web
from msgspec import Struct


class ConnectionLimits(Struct, frozen=True, kw_only=True):
    """The limits of a face's connections: a client that is slow, or silent, holds nothing for long.

    Attributes:
        head_s: how long the head of a request may take from its first byte to its last, in seconds; then 408.
        body_s: how long its body may take, in seconds; then 408.
        idle_s: how long a connection may stand without a request, in seconds; then it is closed.
        connections: how many may stand at once. For one more the one is closed that has been without a request longest; where
            all are at work, the new one is answered 503 and closed.
        connections_per_address: how many of them may be of one address (of one /64 network for IPv6); likewise.
    """

    head_s: float = 10.0
    body_s: float = 30.0
    idle_s: float = 75.0
    connections: int = 1024
    connections_per_address: int = 256


LIMITS: Final = web.AppKey("limits", ConnectionLimits)
"""Where an application carries the limits of its connections."""
