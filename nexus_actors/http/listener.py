"""A port that connections come in at."""

import asyncio
import errno
from collections.abc import Callable
from typing import Final

from nexus_actors.errors import NexusError

BACKLOG: Final = 1024


class CannotListen(NexusError):
    """Raised when a port is taken or may not be used."""


class Listener:
    """A port that is listened on.

    Attributes:
        port: its number.
    """

    def __init__(self, server: asyncio.Server) -> None:
        self._server = server
        self.port: int = server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Accept no more connections; those that stand go on."""
        self._server.close()


async def listen(connect: Callable[[], asyncio.Protocol], service: str, host: str, port: int, *, reuse_port: bool) -> Listener:
    """Listen on a port.

    Args:
        connect: makes the protocol of each connection.
        service: name of the service, for messages.

    Raises:
        CannotListen: the port is taken or may not be used; the message says what to do.
    """
    loop = asyncio.get_running_loop()
    try:
        return Listener(await loop.create_server(connect, host, port, backlog=BACKLOG, reuse_port=reuse_port or None))
    except OSError as error:
        raise CannotListen(_explain(error, service, host, port)) from error


def _explain(error: OSError, service: str, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        reason = f"Port {port} on {host} is taken, so {service} cannot listen there."
        return f"{reason} Stop what uses it, or give {service} another port."
    if error.errno == errno.EACCES:
        return f"{service} may not listen on port {port}: ports below 1024 take special rights. Give it another port."
    return f"{service} cannot listen on port {port} of {host}: {error.strerror or error}. Check the address."
