"""How far services are behind: the age of the oldest message that waits for each."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bus import StreamName
from bus.position import Position
from bus.store import StreamStore
from nexus_actors.database import Reader

_STREAMS_AT_ONCE: Final = 256
_CHECKPOINTS: Final = "SELECT service, stream, ms, seq FROM nexus.checkpoints ORDER BY service, stream"

Checkpoints = Mapping[str, Mapping[StreamName, Position]]
"""Up to which position a service has handled a stream, by service and stream."""
Lag = dict[tuple[str, StreamName], float]


async def read_checkpoints(db: Reader) -> Checkpoints:
    """How far all services have come.

    Raises:
        DatabaseUnavailable: the database cannot be reached.
    """
    found: dict[str, dict[StreamName, Position]] = {}
    for row in await db.fetch(_CHECKPOINTS):
        found.setdefault(row["service"], {})[StreamName(row["stream"])] = Position(row["ms"], row["seq"])
    return found


async def lags(streams: StreamStore, checkpoints: Checkpoints, now: datetime) -> Lag:
    """Seconds that the first unhandled entry of each stream has waited, by service and stream; without one it is left out.

    The age is by the clock of the stream store, in whose milliseconds positions are given.

    Raises:
        BusUnavailable: the stream store cannot be reached.
    """
    now_ms = now.timestamp() * 1_000
    found: Lag = {}
    for service, after in checkpoints.items():
        names = list(after)
        for start in range(0, len(names), _STREAMS_AT_ONCE):
            part = {name: after[name] for name in names[start : start + _STREAMS_AT_ONCE]}
            for entry in await streams.read(part, 1, 0):
                found[service, entry.stream] = max(0.0, round((now_ms - entry.position.ms) / 1_000, 3))
    return found


def worst(lag: Lag) -> dict[str, float]:
    """The greatest lag of each service."""
    found: dict[str, float] = {}
    for (service, _), seconds in lag.items():
        found[service] = max(seconds, found.get(service, 0.0))
    return found
