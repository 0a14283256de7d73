"""Peers as the benchmark sees them: each in a process of its own."""

import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import anyio
import msgspec
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.benchmarks.peers.process import Description, Order

NAMES: Final = ("faststream", "taskiq", "streaq", "arq")
_CHECKOUT: Final = Path(__file__).resolve().parents[3]
_OWN_ENVIRONMENT: Final = {"arq": _CHECKOUT / ".nexus" / "bench-arq" / "bin" / "python"}
_LINE: Final = 1 << 20
_LINE_WITHIN_S: Final = 180.0

_descriptions = msgspec.json.Decoder(Description)
_figures = msgspec.json.Decoder(list[float])


class PeerFailed(Exception):
    """Raised when a peer's process has ended or says nothing; its own words are on the standard error."""


def interpreter(name: str) -> Path:
    """The Python that a peer runs in."""
    return _OWN_ENVIRONMENT.get(name, Path(sys.executable))


def command(name: str, *arguments: str) -> list[str]:
    """The command that runs a peer's process; see `tests.benchmarks.peers.process`."""
    return [str(interpreter(name)), "-m", "tests.benchmarks.peers.process", name, *arguments]


def environment() -> dict[str, str]:
    """The environment of such a process."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(_CHECKOUT)}


class RemotePeer:
    """A peer's process.

    Attributes:
        key: its name in `NAMES`.
        about: what it can do.
    """

    def __init__(self, key: str, process: Process, lines: BufferedByteReceiveStream, about: Description) -> None:
        self.key = key
        self.about = about
        self._process = process
        self._lines = lines

    async def measure(self, measurement: str, way: int, count: int) -> list[float]:
        """Measure something once.

        Raises:
            PeerFailed: it could not.
        """
        return await self._ask(Order(measurement=measurement, way=way, count=count))

    async def send(self, messages: Sequence[tuple[str, int]]) -> None:
        """Hand messages over, given by their keys and numbers, one after the other.

        Raises:
            PeerFailed: it could not.
        """
        await self._ask(Order(messages=tuple(messages)))

    async def _ask(self, order: Order) -> list[float]:
        assert self._process.stdin is not None
        try:
            await self._process.stdin.send(msgspec.json.encode(order) + b"\n")
        except anyio.BrokenResourceError as error:
            raise PeerFailed(f"The process of {self.about.name} has ended.") from error
        return _figures.decode(await _line(self.about.name, self._lines))


@asynccontextmanager
async def open_peer(name: str, url: str) -> AsyncIterator[RemotePeer]:
    """Start a peer's process, for a Redis.

    Raises:
        PeerFailed: it does not start.
    """
    python = interpreter(name)
    if not python.exists():
        raise PeerFailed(f"{name} needs an environment of its own. Run `./nexus bench`, which makes it.")
    async with await anyio.open_process(command(name, url), env=environment(), cwd=_CHECKOUT, stderr=None) as process:
        assert process.stdout is not None
        lines = BufferedByteReceiveStream(process.stdout)
        try:
            yield RemotePeer(name, process, lines, _descriptions.decode(await _line(name, lines)))
        finally:
            with suppress(ProcessLookupError):
                process.kill()


@asynccontextmanager
async def open_peers(url: str, names: Sequence[str] = NAMES) -> AsyncIterator[dict[str, RemotePeer]]:
    """Start the processes of several peers.

    Raises:
        PeerFailed: one does not start.
    """
    async with AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(open_peer(name, url)) for name in names}


async def _line(name: str, lines: BufferedByteReceiveStream) -> bytes:
    try:
        with anyio.fail_after(_LINE_WITHIN_S):
            return await lines.receive_until(b"\n", _LINE)
    except (anyio.EndOfStream, anyio.IncompleteRead, TimeoutError) as error:
        raise PeerFailed(f"The process of {name} has ended, or hangs; see above what it said.") from error
