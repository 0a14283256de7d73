"""A peer in a process of its own: `python -m tests.benchmarks.peers.process NAME URL [DATABASE_URL]`.

With a database it is a worker, which handles messages until it is killed. Otherwise it measures, or hands messages over, as the
lines on its standard input ask for.
"""

import gc
import logging
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from importlib import import_module
from importlib.metadata import version
from typing import Final

import anyio
import asyncpg
import msgspec
from msgspec import Struct

from tests.benchmarks.peers.peer import Peer, Send

WORK_S: Final = 0.005
"""How long a worker that may be killed is busy with a message before it writes its row, and again after that."""

INSERT: Final = "INSERT INTO effects (key, number) VALUES ($1, $2)"


class Description(Struct, frozen=True):
    """What a peer can do: the first line that its process writes. Measurements are given by the names of their ways."""

    name: str
    libraries: dict[str, str]
    measurements: dict[str, tuple[str, ...]]
    keeping: str


class Order(Struct, frozen=True, omit_defaults=True):
    """One line of input: measure something once, or hand over messages, given by their keys and numbers."""

    measurement: str = ""
    way: int = 0
    count: int = 0
    messages: tuple[tuple[str, int], ...] = ()


_orders = msgspec.json.Decoder(Order)


def describe(peer: Peer) -> Description:
    """What a peer can do here."""
    ways = {name: tuple(way.name for way in ways) for name, ways in peer.measurements.items()}
    return Description(peer.name, {name: version(name) for name in peer.libraries}, ways, peer.keeping)


async def _obey(peer: Peer, url: str) -> None:
    _write(describe(peer))
    async with AsyncExitStack() as stack:
        send: Send | None = None
        async for line in anyio.wrap_file(sys.stdin):
            order = _orders.decode(line)
            if order.messages and send is None:
                send = await stack.enter_async_context(peer.sender(url))
            for key, number in order.messages:
                assert send is not None
                await send(key, number)
            _write(await _measured(peer, url, order) if order.measurement else [])


async def _measured(peer: Peer, url: str, order: Order) -> Sequence[float]:
    gc.collect()
    return await peer.measurements[order.measurement][order.way].measure(url, order.count)


def _write(answer: object) -> None:
    sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
    sys.stdout.flush()


async def _serve(peer: Peer, url: str, database_url: str) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool:

        async def effect(key: str, number: int) -> None:
            await anyio.sleep(WORK_S)
            await pool.execute(INSERT, key, number)
            await anyio.sleep(WORK_S)

        await peer.serve(url, effect)


def main(name: str, url: str, database_url: str = "") -> None:
    """Run until the input ends, or for ever."""
    # A line for each message would be theirs to pay for, and ours has none.
    logging.disable(logging.WARNING)
    peer: Peer = import_module(f"tests.benchmarks.peers.{name}").PEER
    run = partial(_serve, peer, url, database_url) if database_url else partial(_obey, peer, url)
    anyio.run(run, backend_options={"use_uvloop": True})


if __name__ == "__main__":
    main(*sys.argv[1:])
