"""A network of its own for workers, joined to ours by two cables, of which one can be cut: Linux, as root, with iproute2."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_NAMES: Final = "nxf"
_NOWHERE: Final = "02:00:00:00:00:01"
# 198.18.0.0/15 is for measurements between networks (RFC 2544): nobody is reached there.
_FIRST: Final = (198 << 24) + (18 << 16)
_NETWORKS: Final = 1 << 15
_ADDRESSES: Final = 4


class NoNamespaces(Exception):
    """This machine does not let us make one; the message says why."""


class Cable:
    """A pair of virtual network devices: one here, one in the namespace.

    Attributes:
        here: the address of our end, which servers or proxies listen on.
        there: that of the other one.
    """

    def __init__(self, namespace: str, device: str, number: int) -> None:
        network = _FIRST + number % _NETWORKS * _ADDRESSES
        self.here, self.there = _dotted(network + 1), _dotted(network + 2)
        self._namespace = namespace
        self._device = device

    def lay(self) -> None:
        """Connect both networks."""
        ours, theirs = f"{self._device}a", f"{self._device}b"
        ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", self._namespace)
        ip("address", "add", f"{self.here}/30", "dev", ours)
        ip("link", "set", ours, "up")
        ip("-n", self._namespace, "address", "add", f"{self.there}/30", "dev", theirs)
        ip("-n", self._namespace, "link", "set", theirs, "up")

    def cut(self) -> None:
        """Let packets vanish, in both directions and silently: each end sends to a device that is not there."""
        ip("neighbour", "replace", self.there, "lladdr", _NOWHERE, "dev", f"{self._device}a", "nud", "permanent")
        there = ("lladdr", _NOWHERE, "dev", f"{self._device}b", "nud", "permanent")
        ip("-n", self._namespace, "neighbour", "replace", self.here, *there)

    def mend(self) -> None:
        """Let each end look for the other anew."""
        ip("neighbour", "delete", self.there, "dev", f"{self._device}a")
        ip("-n", self._namespace, "neighbour", "delete", self.here, "dev", f"{self._device}b")


class Namespace:
    """A network namespace.

    Attributes:
        redis: the cable by which Redis is reached; postgres: that to PostgreSQL.
        launcher: what stands before a command that is to run in it. It becomes the command, and keeps its process id.
    """

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.launcher = [str(shutil.which("ip")), "netns", "exec", name]
        self.redis = Cable(name, f"{name}r", 2 * number)
        self.postgres = Cable(name, f"{name}p", 2 * number + 1)


@contextmanager
def open_namespace() -> Iterator[Namespace]:
    """A namespace that is gone at the end, and its cables with it.

    Raises:
        NoNamespaces: not on Linux, not root, no iproute2, or not allowed to.
    """
    if os.geteuid() != 0 or shutil.which("ip") is None:
        raise NoNamespaces("Network namespaces need root and the program `ip` (iproute2).")
    _delete_leftovers()
    namespace = Namespace(f"{_NAMES}{os.getpid()}", os.getpid())
    ip("netns", "add", namespace.name)
    try:
        namespace.redis.lay()
        namespace.postgres.lay()
        yield namespace
    finally:
        ip("netns", "delete", namespace.name)


def _delete_leftovers() -> None:
    """Delete the namespaces of processes that were killed."""
    for line in ip("netns", "list").splitlines():
        name = line.split()[0]
        number = name.removeprefix(_NAMES)
        if number != name and number.isdecimal() and not Path(f"/proc/{number}").exists():
            ip("netns", "delete", name)


def ip(*arguments: str) -> str:
    """Run `ip`; what it prints.

    Raises:
        NoNamespaces: it failed.
    """
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoNamespaces(f"`ip {' '.join(arguments)}` failed: {done.stderr.strip() or done.returncode}.")
    return done.stdout


def _dotted(address: int) -> str:
    return ".".join(str(address >> shift & 0xFF) for shift in (24, 16, 8, 0))
