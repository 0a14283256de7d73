"""Which events the releases of a service handle: an older one holds back what it would ignore, and a newer one handles."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, Protocol

import anyio

LIVES_S: Final = 7_200.0
"""A release of which no worker has been heard of for so long is not waited for any more; workers tell of theirs every hour."""
REMEMBERED_S: Final = 30 * 86_400.0
"""So long it is known how old a release is, in case it comes back."""
_BEATS: Final = 2
_LOOK_S: Final = 0.05


def events_mark(events: Sequence[str]) -> str:
    """Tells one release's set of event types from another's."""
    return hashlib.sha256("\n".join(sorted(events)).encode()).hexdigest()[:16]


class Heard(NamedTuple):
    """When workers were heard of.

    Attributes:
        now: the database's time.
        longest_ago: the last time of the one that has been silent for the longest; None where there is no worker.
    """

    now: datetime
    longest_ago: datetime | None


class ReleaseBook(Protocol):
    """The releases of all services, in the database.

    Raises (every method): `DatabaseUnavailable`.
    """

    async def announce(self, service: str, events: Sequence[str]) -> datetime | None:
        """Tell that this process runs a release that handles these events.

        Returns:
            The database's time, for a release that nobody has told of before; else None.
        """
        ...

    async def heard(self, service: str, lease_s: float) -> "Heard":
        """When the live workers of a service were heard of last, which is when they asked what is new."""
        ...


async def until_heard(book: ReleaseBook, service: str, new_at: datetime, lease_s: float) -> None:
    """Wait until all live workers of a service know what a new release handles, before it brings any of that forth.

    Args:
        new_at: when it was announced. What a worker asked first after that may still be on its way to it; before it asks again,
            it has arrived.
    """
    for _ in range(_BEATS):
        heard = await book.heard(service, lease_s)
        while heard.longest_ago is not None and heard.longest_ago <= new_at:
            await anyio.sleep(_LOOK_S)
            heard = await book.heard(service, lease_s)
        new_at = heard.now
