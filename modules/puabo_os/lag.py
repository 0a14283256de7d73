"""How far services are behind: the age of the oldest message that waits for each."""

from collections.abc import Iterable
from datetime import datetime

from bus import StreamName
from bus.position import Position
from bus.store import StreamStore

_STREAMS_AT_ONCE = 256

Lag = dict[tuple[str, StreamName], float]


async def lags(streams: StreamStore, checkpoints: Iterable[tuple[str, str, int, int]], now: datetime) -> Lag:
    """Seconds that the first unhandled entry of each stream has waited, by service and stream; without one it is left out.

    The age is by the clock of the stream store, in whose milliseconds positions are given.

    Raises:
        BusUnavailable: the stream store cannot be reached.
    """
    by_service: dict[str, dict[StreamName, Position]] = {}
    for service, stream, ms, seq in checkpoints:
        by_service.setdefault(service, {})[StreamName(stream)] = Position(ms, seq)
    now_ms = now.timestamp() * 1_000
    found: Lag = {}
    for service, after in by_service.items():
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
