"""Ports for what tests start, of which several processes choose some at the same time."""

import os
import socket
from collections.abc import Collection
from typing import Final

from nexus_actors.local.ports import is_free
from nexus_actors.platform.catalogue import ServiceEntry

HOST: Final = "127.0.0.1"
_OFFSETS: Final = range(100, 50_000, 100)
_MARKED_AT: Final = 9_000
# Below those that the system gives to clients: a server that was killed finds its port free when it is started again.
_PORTS: Final = range(20_000, 32_000)
_mine: Final[dict[int, socket.socket]] = {}


def claim_offset(services: Collection[ServiceEntry]) -> int:
    """An offset at which the ports of these services are free, and which no other process takes until this one has ended."""
    return next(
        offset
        for offset in _OFFSETS
        if (_MARKED_AT + offset in _mine or _mark(_MARKED_AT + offset))
        and all(is_free(HOST, each.port + offset) for each in services)
    )


def claim_port() -> int:
    """A port that nobody listens on, and which is given out once until this process has ended."""
    first = os.getpid() * 31 % len(_PORTS)  # where it is likely that no other process has looked
    ports: list[int] = [*_PORTS[first:], *_PORTS[:first]]
    return next(port for port in ports if port not in _mine and is_free(HOST, port) and _mark(port))


def _mark(port: int) -> bool:
    """Make a number ours by a UDP socket, which no server has: it is one process's alone, and ends with it."""
    mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        mark.bind((HOST, port))
    except OSError:
        mark.close()
        return False
    _mine[port] = mark
    return True
