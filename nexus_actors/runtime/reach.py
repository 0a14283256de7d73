"""Whether a loop reaches the streams. One that does not, for long, gives its partitions to workers that do."""

from collections.abc import Callable
from typing import Final

import anyio

from bus import BusError, BusUnavailable, PublishFailed, PublishForbidden, StreamName
from bus.store import Append, StreamStore
from nexus_actors.runtime.leases import Ownership
from nexus_actors.runtime.trouble import Trouble
from nexus_actors.service import Service

PATIENCE_LEASES: Final = 2.0
"""After so many lease times without the streams a loop gives its partitions up."""
_KEPT_S: Final = 1.0


class CutOff(BusUnavailable):
    """Raised where somebody who insists on the streams must stop: others may reach them."""


class Reach:
    """Knows since when the streams cannot be reached, and looks for them while nothing is owned.

    What the streams refuse to everybody (no memory, a full disk, a replica) is no reason to give anything up: nobody else could
    do better. A connection that breaks, and a permission that this worker lacks, are.

    Args:
        service: whose streams they are.
        patience_s: how long to go on without them.
        clock: seconds of a clock that only goes forward.

    Attributes:
        ownership: that of the loop; trouble: what keeps it from its work.
    """

    def __init__(
        self,
        store: StreamStore,
        ownership: Ownership,
        service: Service,
        patience_s: float,
        trouble: Trouble,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._store = store
        self.ownership = ownership
        self.trouble = trouble
        self._probe = StreamName(f"{{probe:{service.name}}}:replies")
        self._streams = list(dict.fromkeys(s for number in range(service.topic.partitions) for s in service.streams(number)))
        self._patience_s = patience_s
        self._clock = clock
        self._since: float | None = None

    @property
    def is_cut_off(self) -> bool:
        """Whether it has lasted too long."""
        return self.ownership.astray

    def begin(self) -> float:
        """When an attempt begins, for `missed`."""
        return self._clock()

    def reached(self) -> None:
        """They have been reached."""
        self._since = None
        self.ownership.stray(astray=False)

    def missed(self, began: float | None = None) -> None:
        """They have not.

        Args:
            began: when the attempt began, where it may have waited for long.
        """
        now = self._clock()
        if self._since is None:
            self._since = now if began is None else began
        if now - self._since >= self._patience_s:
            self.ownership.stray(astray=True)

    def insist(self, error: BusError) -> None:
        """Go on trying where an attempt failed.

        Raises:
            CutOff: not any more.
        """
        self.missed()
        if self.is_cut_off:
            raise CutOff(f"Given up, for another worker may reach the streams: {error}") from error

    async def look(self) -> None:
        """Try all that a loop needs, harmlessly.

        Raises:
            BusUnavailable: it is not to be had.
        """
        await self._store.history()
        await self._store.lengths(self._streams)
        await self._store.read(await self._store.last(self._streams), 1, 0)
        try:
            outcomes = await self._store.append([Append(self._probe, [b""], expires_s=_KEPT_S)])
        except PublishFailed as error:
            raise BusUnavailable(str(error)) from error
        for outcome in outcomes:
            if isinstance(outcome, PublishForbidden):
                raise BusUnavailable(str(outcome)) from outcome
