"""The TCP ports of the services, checked before anything is started."""

import socket
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import psutil

from nexus_actors.local.errors import CannotStart
from nexus_actors.platform.catalogue import LAST_PORT, ServiceEntry

_OFFSETS = range(100, 50_000, 100)

IsFree = Callable[[str, int], bool]


class Taken(NamedTuple):
    """A port that a service needs and another program has.

    Attributes:
        by: the program, where that can be seen.
    """

    service: str
    port: int
    by: str | None


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen on this port of this host now.

    Raises:
        CannotStart: the host is none of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise CannotStart(f"NEXUS_HOST is {host}, which has no address: {error.strerror}. Give one of this machine.") from error
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError:
            return False
    return True


def check_ports(services: Sequence[ServiceEntry], host: str, offset: int, free: IsFree = is_free) -> None:
    """Make sure that every service finds its port.

    Raises:
        CannotStart: a port is taken, or there is none of that number. The message names all of them and says what to do.
    """
    beyond = [service for service in services if service.port + offset > LAST_PORT]
    if beyond:
        names = ", ".join(f"{service.name} {service.port + offset}" for service in beyond)
        raise CannotStart(f"With --port-offset {offset} these ports lie beyond {LAST_PORT}: {names}. Give a smaller offset.")
    taken = [
        Taken(service.name, service.port + offset, _holder(service.port + offset))
        for service in services
        if not free(host, service.port + offset)
    ]
    if taken:
        raise CannotStart(_explain(taken, host, free_offset(services, host, free)))


def free_offset(services: Iterable[ServiceEntry], host: str, free: IsFree = is_free) -> int | None:
    """The lowest whole hundred to add to the ports so that all of them are free; None where there is none."""
    ports = [service.port for service in services]
    for offset in _OFFSETS:
        if max(ports, default=0) + offset > LAST_PORT:
            return None
        if all(free(host, port + offset) for port in ports):
            return offset
    return None


def _explain(taken: Sequence[Taken], host: str, offset: int | None) -> str:
    lines = [
        f"  port {port} of {host}, for {service}" + (f": process {by} has it" if by else "") for service, port, by in taken
    ]
    what = "This port is taken" if len(taken) == 1 else "These ports are taken"
    advice = "Stop what uses them" if len(taken) > 1 else "Stop what uses it"
    if offset is not None:
        advice += f", or start on other ports: nexus up --port-offset {offset}"
    return "\n".join([f"{what}; nothing was started:", *lines, f"{advice}."])


def _holder(port: int) -> str | None:
    try:
        connections = psutil.net_connections(kind="tcp")
        for connection in connections:
            listens = connection.status == psutil.CONN_LISTEN and connection.pid
            if listens and connection.laddr and connection.laddr.port == port:
                return f"{connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        return None
    return None
