"""Who takes part in the trial under kill -9: Nexus COS and its peers, each with databases of its own."""

import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

import asyncpg

from bus import new_id
from bus.codec import encode_envelope
from bus.envelope import seal
from bus.publisher import Outgoing, Publisher
from bus.redis import RedisSettings, connect
from tests.benchmarks.kills.service import NUMBERS, Numbered, service
from tests.benchmarks.peers import remote
from tests.faults.evidence import Handled

Numbers = Sequence[tuple[str, int]]

_TABLE: Final = (Path(__file__).parent / "migrations" / "0001_effects.sql").read_text()
_EFFECTS: Final = "SELECT key, number FROM {}effects ORDER BY ordinal"


class Contender(Protocol):
    """One that takes part.

    Attributes:
        settings: those that matter here, in words.
        command: what a worker process is started with; ``environ`` likewise.
    """

    name: str
    settings: str
    command: Sequence[str]
    environ: Mapping[str, str]

    async def send(self, messages: Numbers) -> None:
        """Hand messages over, each confirmed before the next."""
        ...

    async def effects(self) -> list[Handled]:
        """What the workers have done, in their order."""
        ...


class NexusCos:
    """Nexus COS, as it is when nothing is set."""

    name = "Nexus COS"
    settings = "defaults: leases of 5 s"
    command: Sequence[str] = (sys.executable, "-m", "tests.benchmarks.kills.worker")

    def __init__(self, publisher: Publisher, database_url: str, redis_url: str) -> None:
        self._publisher = publisher
        self._database_url = database_url
        self.environ: Mapping[str, str] = {
            **remote.environment(),
            "NEXUS_DATABASE_URL": database_url,
            "NEXUS_REDIS_URL": redis_url,
        }

    async def send(self, messages: Numbers) -> None:
        """See `Contender.send`."""
        for key, number in messages:
            envelope = seal(Numbered(key=key, number=number), message_id=new_id(), source="bench", now=datetime.now(UTC))
            stream = NUMBERS.stream("events", NUMBERS.partition_of(key))
            await self._publisher.publish([Outgoing(stream, encode_envelope(envelope))])

    async def effects(self) -> list[Handled]:
        """See `Contender.effects`."""
        return await _effects(self._database_url, f"{service.schema}.")


class PeerContender:
    """A peer, with its settings for losing nothing."""

    def __init__(self, peer: remote.RemotePeer, database_url: str, redis_url: str) -> None:
        self._peer = peer
        self._database_url = database_url
        self.name = peer.about.name
        self.settings = peer.about.keeping
        self.command: Sequence[str] = remote.command(peer.key, redis_url, database_url)
        self.environ: Mapping[str, str] = remote.environment()

    async def send(self, messages: Numbers) -> None:
        """See `Contender.send`."""
        await self._peer.send(messages)

    async def effects(self) -> list[Handled]:
        """See `Contender.effects`."""
        return await _effects(self._database_url, "")


@asynccontextmanager
async def open_nexus_cos(database_url: str, redis_url: str) -> AsyncIterator[Contender]:
    """Nexus COS, on databases of its own."""
    async with connect(RedisSettings(url=redis_url)) as streams:
        yield NexusCos(Publisher(streams), database_url, redis_url)


@asynccontextmanager
async def open_peer(name: str, database_url: str, redis_url: str) -> AsyncIterator[Contender]:
    """A peer, by its key, on databases of its own."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(_TABLE)
    finally:
        await connection.close()
    async with remote.open_peer(name, redis_url) as peer:
        yield PeerContender(peer, database_url, redis_url)


async def _effects(database_url: str, schema: str) -> list[Handled]:
    connection = await asyncpg.connect(database_url)
    try:
        return [Handled("", *row) for row in await connection.fetch(_EFFECTS.format(schema))]
    except asyncpg.UndefinedTableError:
        # The first worker is about to make it.
        return []
    finally:
        await connection.close()
