"""Following a topic: every process sees every event, as a broadcast."""

from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

import anyio

from bus.codec import decode_envelope
from bus.envelope import Envelope
from bus.errors import BusUnavailable, MalformedMessage
from bus.position import Position
from bus.reader import PartitionReader
from bus.store import StreamStore
from bus.topic import StreamName

_RETRY_S = 1.0


class Followed(NamedTuple):
    """One message seen by a follower."""

    stream: StreamName
    position: Position
    envelope: Envelope


async def follow(
    store: StreamStore, after: Mapping[StreamName, Position], count: int = 500, block_s: float = 5.0
) -> AsyncIterator[Followed]:
    """All messages of some streams behind given positions, for ever; a message may come twice after a fault of the store.

    Use ``await store.last(streams)`` as ``after`` to follow from now on. Entries that are no CloudEvents are skipped.
    """
    reader = PartitionReader(store, count, block_s)
    for stream, position in after.items():
        reader.assign(stream, position)
    history: str | None = None
    while True:
        try:
            found = await reader.connect()
            if history not in {None, found}:
                await reader.rewind(after)
            history = found
            entries = await reader.read()
        except BusUnavailable:
            await anyio.sleep(_RETRY_S)
            continue
        for entry in entries:
            try:
                yield Followed(entry.stream, entry.position, decode_envelope(entry.body))
            except MalformedMessage:
                continue
