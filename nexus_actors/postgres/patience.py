"""How long turns wait for locks: long enough once, and hardly at all while somebody holds one for longer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import anyio

from nexus_actors.errors import DatabaseBusy

FULL_MS: Final = 1_000
"""How long a statement of a turn waits for a lock, in milliseconds, when nobody has waited in vain lately.

That is several times as long as a batch of another worker may hold its locks (`nexus_actors.runtime.batch.LONGEST_S`).
"""
SHORT_MS: Final = 5
SHORT_FOR_S: Final = 10.0
LOCK_NOT_AVAILABLE: Final = "55P03"

_BEGIN: Final = "BEGIN"
_BEGIN_SHORT: Final = f"BEGIN; SET LOCAL lock_timeout = {SHORT_MS}"


class LockPatience:
    """Shared by the turns of a service, which wait for each other.

    A migration or CREATE INDEX may hold a table for minutes, and hundreds of keys may need it. The first that waits in vain
    waits for a second; then, for ten seconds, those that need it are turned away within milliseconds, and those that do not go
    on. After that one more may wait for a second: a lock that many want in turn is only ever got by waiting for it.

    Args:
        clock: seconds of a clock that only goes forward.
    """

    def __init__(self, clock: Callable[[], float] = anyio.current_time) -> None:
        self._clock = clock
        self._short_until = float("-inf")

    @property
    def is_short(self) -> bool:
        """Whether somebody has waited in vain lately."""
        return self._short_until > float("-inf") and self._clock() < self._short_until

    @property
    def begin(self) -> str:
        """The statement that begins a transaction."""
        return _BEGIN_SHORT if self.is_short else _BEGIN

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Take note of a statement inside that waits in vain."""
        try:
            yield
        except DatabaseBusy as busy:
            if getattr(busy.__cause__, "sqlstate", None) == LOCK_NOT_AVAILABLE and not self.is_short:
                self._short_until = self._clock() + SHORT_FOR_S
            raise
