"""What Nexus COS and its peers lose when their workers are killed, side by side on the same servers."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import anyio
import asyncpg

from tests.benchmarks.kills.contender import Contender, open_nexus_cos, open_peer
from tests.benchmarks.kills.trial import Outcome, Pace, Trial
from tests.benchmarks.peers.remote import NAMES

_SEED: Final = 20_260_401
_OURS: Final = "nexus"
Opened = Callable[[str, str], AbstractAsyncContextManager[Contender]]


async def kill_all(database_url: str, redis_url: str, folder: Path, pace: Pace | None = None) -> tuple[Outcome, ...]:
    """Run the trials of Nexus COS and of all peers at the same time, as nothing is timed.

    Args:
        database_url: a PostgreSQL where databases may be made.
        redis_url: a Redis with a database for each.
        folder: for what workers have to say.
    """
    openers: dict[str, Opened] = {_OURS: open_nexus_cos, **{name: partial(open_peer, name) for name in NAMES}}
    found: dict[str, Outcome] = {}

    async def one(number: int, name: str) -> None:
        chance = random.Random(_SEED + number)  # noqa: S311 - guards nothing
        async with _database(database_url, f"kills_{name}") as own, openers[name](own, _within(redis_url, number)) as contender:
            found[name] = await Trial(contender, chance, folder, pace or Pace()).run()

    async with anyio.create_task_group() as tasks:
        for number, name in enumerate(openers):
            tasks.start_soon(one, number, name)
    return tuple(found[name] for name in openers)


def _within(redis_url: str, number: int) -> str:
    """The address of a database of a Redis."""
    return urlsplit(redis_url)._replace(path=f"/{number}").geturl()


@asynccontextmanager
async def _database(database_url: str, name: str) -> AsyncIterator[str]:
    """An empty database; its address."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
        yield urlsplit(database_url)._replace(path=f"/{name}").geturl()
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()
