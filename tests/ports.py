"""Ports for the platforms that tests start, of which several processes choose some at the same time."""

import socket
from collections.abc import Collection
from typing import Final

from nexus_actors.catalogue import ServiceEntry
from nexus_actors.local.ports import is_free

HOST: Final = "127.0.0.1"
_OFFSETS: Final = range(100, 50_000, 100)
_MARKED_AT: Final = 9_000
_mine: Final[dict[int, socket.socket]] = {}


def claim_offset(services: Collection[ServiceEntry]) -> int:
    """An offset at which the ports of these services are free, and which no other process takes until this one has ended."""
    return next(offset for offset in _OFFSETS if _claim(offset) and all(is_free(HOST, each.port + offset) for each in services))


def _claim(offset: int) -> bool:
    """Mark an offset as ours by a UDP socket, which no service has: it is one process's alone, and ends with it."""
    if offset not in _mine:
        mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            mark.bind((HOST, _MARKED_AT + offset))
        except OSError:
            mark.close()
            return False
        _mine[offset] = mark
    return True
