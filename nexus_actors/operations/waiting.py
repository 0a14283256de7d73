"""Keys that wait for something that is no fault of their messages: as each worker notes them, and as all of them are shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from nexus_actors.database import Reader

_READ: Final = """
SELECT w.service, w.keys, w.since, w.wire_type, w.reason FROM nexus.waiting w
JOIN nexus.workers l ON l.worker_id = w.worker_id ORDER BY w.service, w.since"""


class Waiting(Struct, frozen=True):
    """What waits at a service.

    Attributes:
        keys: how many.
        since: when the first of them began to wait.
        wire_type: the type of the message that it waits with.
        reason: what for.
    """

    keys: int
    since: datetime
    wire_type: str
    reason: str


async def read_waiting(db: Reader) -> Mapping[str, Waiting]:
    """What waits at each service, over all its workers; those where nothing does are left out.

    Raises:
        DatabaseUnavailable: the database cannot be reached.
    """
    found: dict[str, list[Waiting]] = {}
    for row in await db.fetch(_READ):
        found.setdefault(row["service"], []).append(Waiting(row["keys"], row["since"], row["wire_type"], row["reason"]))
    return {service: _together(waiting) for service, waiting in found.items()}


def _together(waiting: Sequence[Waiting]) -> Waiting:
    """The longest wait stands for all."""
    first = min(waiting, key=lambda each: each.since)
    return Waiting(sum(each.keys for each in waiting), first.since, first.wire_type, first.reason)
