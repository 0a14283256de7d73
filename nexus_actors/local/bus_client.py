"""The bus, for a program that hosts no service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import anyio
from msgspec import Struct

from bus.publisher import Publisher
from bus.requests import Requests
from bus.store import StreamStore
from nexus_actors.asking import BusAsker
from nexus_actors.operations.streams import open_streams


class BusClient(Struct, frozen=True):
    """What such a program does on the bus: read streams, ask commands."""

    streams: StreamStore
    asker: BusAsker


@asynccontextmanager
async def open_bus(redis_url: str, prefix: str, source: str) -> AsyncIterator[BusClient]:
    """Open the bus, and read the answers to what is asked.

    Args:
        source: what the program is called in the envelopes that it sends.
    """
    async with open_streams(redis_url, prefix) as streams, anyio.create_task_group() as tasks:
        requests = Requests(streams, Publisher(streams), uuid4().hex)
        tasks.start_soon(requests.run)
        yield BusClient(streams, BusAsker(requests, source, lambda: datetime.now(UTC)))
        tasks.cancel_scope.cancel()
