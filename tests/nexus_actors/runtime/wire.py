"""What tests of the runtime put on the wire, and how they look at what came of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import anyio

from bus import Command, Event, StreamName, new_id
from bus.codec import encode_envelope
from bus.envelope import seal
from bus.memory import MemoryStreamStore
from bus.store import Append
from nexus_actors.testing import TestPlatform, open_platform
from nexus_actors.worker.worker import utc_now
from tests.nexus_actors.runtime.switchboard.service import BOARD, Act, board

QUICK = {"NEXUS_MAX_ATTEMPTS": "2", "NEXUS_RETRY_BASE_S": "0.01", "NEXUS_LEASE_S": "1"}


def sealed(message: Command[Any] | Event, message_id: UUID | None = None, **changes: object) -> bytes:
    """A message as it lies in a stream."""
    envelope = seal(message, message_id=message_id or new_id(), source="test", now=utc_now())
    return encode_envelope(envelope.replace(**changes))


async def put(platform: TestPlatform, stream: StreamName, *bodies: bytes) -> None:
    """Append bodies to a stream in one go, so that they are read together."""
    assert await platform.worker.streams.append([Append(stream, bodies)]) == [None]


async def send(platform: TestPlatform, *acts: Act) -> None:
    """Commands that nobody waits for, all in one go."""
    bodies: dict[StreamName, list[bytes]] = {}
    for act in acts:
        bodies.setdefault(home(act.line), []).append(sealed(act))
    outcomes = await platform.worker.streams.append([Append(stream, found) for stream, found in bodies.items()])
    assert not any(outcomes)


def home(key: str) -> StreamName:
    """Where the commands for a line go."""
    return BOARD.stream("commands", BOARD.partition_of(key))


async def rows(platform: TestPlatform) -> list[tuple[str, int]]:
    """What the handlers have written."""
    found = await platform.worker.hosts["board-ms"].database.fetch("SELECT line, number FROM calls ORDER BY line, number")
    return [(row["line"], row["number"]) for row in found]


async def letters(platform: TestPlatform) -> Sequence[tuple[str, str, bool]]:
    """Key, type and whether it waits behind another, of all dead letters in their order."""
    found = await platform.worker.platform.fetch("SELECT key, wire_type, behind FROM nexus.dead_letters ORDER BY ordinal")
    return [(row["key"], row["wire_type"].rpartition(".")[0].rpartition(".")[2], row["behind"]) for row in found]


@asynccontextmanager
async def doomed(database_url: str, streams: MemoryStreamStore, **environ: str) -> AsyncIterator[TestPlatform]:
    """A platform that is killed at the end: nothing is drained, no lease handed back."""
    opened: list[TestPlatform] = []
    ready = anyio.Event()

    async def run() -> None:
        async with open_platform([board], database_url, streams=streams, environ={**QUICK, **environ}) as platform:
            opened.append(platform)
            ready.set()
            await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await ready.wait()
        yield opened[0]
        tasks.cancel_scope.cancel()
