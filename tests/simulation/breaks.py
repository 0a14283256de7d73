"""Deliberate breaks of one mechanism each, which the simulation must notice. They patch; the product knows nothing of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final
from uuid import UUID

import pytest

from bus import Envelope, StreamName
from bus.position import Position
from nexus_actors.identity import PLATFORM
from nexus_actors.memory import MemoryDatabase, MemoryTurnStore
from nexus_actors.memory.database import ServiceTables
from nexus_actors.runtime.decoder import Decoder
from nexus_actors.runtime.partition import Tracker
from nexus_actors.runtime.store import Commit, Known
from tests.simulation.watched import WatchedStreams

Patch = Callable[[pytest.MonkeyPatch], None]
_KEPT = 3


def no_inbox(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks whether a message was handled, and nothing stops it from being handled twice."""

    async def known(_: MemoryTurnStore, __: Sequence[UUID]) -> Mapping[UUID, Known]:
        return {}

    def check_inbox(_: MemoryDatabase, __: ServiceTables, ___: Commit) -> None:
        return

    patch.setattr(MemoryTurnStore, "known", known)
    patch.setattr(MemoryDatabase, "check_inbox", check_inbox)


def no_fences(patch: pytest.MonkeyPatch) -> None:
    """A former owner may commit."""

    def check_fences(_: MemoryDatabase, __: str, ___: Commit) -> None:
        return

    patch.setattr(MemoryDatabase, "check_fences", check_fences)


def early_checkpoints(patch: pytest.MonkeyPatch) -> None:
    """What was read counts as handled."""
    begin = Tracker.begin

    def begin_and_finish(tracker: Tracker, position: Position) -> None:
        begin(tracker, position)
        tracker.finish(position)

    patch.setattr(Tracker, "begin", begin_and_finish)


def trim_by_length(patch: pytest.MonkeyPatch) -> None:
    """Streams are cut to their newest entries, whoever has read them or not."""
    trim = WatchedStreams.trim

    async def trim_to_length(streams: WatchedStreams, below: Mapping[StreamName, Position]) -> int:
        newest = {stream: await _newest(streams, stream) for stream in below}
        return await trim(streams, {stream: position for stream, position in newest.items() if position is not None})

    patch.setattr(WatchedStreams, "trim", trim_to_length)


async def _newest(streams: WatchedStreams, stream: StreamName) -> Position | None:
    entries = await streams.read({stream: Position(0, 0)}, 1_000_000, 0)
    return entries[-_KEPT].position if len(entries) > _KEPT else None


def no_tenants(patch: pytest.MonkeyPatch) -> None:
    """Messages are told apart by their keys alone."""

    def tenant(_: Decoder, __: Envelope) -> str:
        return PLATFORM

    patch.setattr(Decoder, "_tenant", tenant)


BREAKS: Final[dict[str, Patch]] = {
    "no inbox": no_inbox,
    "no fences": no_fences,
    "early checkpoints": early_checkpoints,
    "trim by length": trim_by_length,
    "no tenants": no_tenants,
}
