"""Troubles of what a worker depends on: each said when it begins, once a minute while it lasts, and when it is over."""

from collections.abc import Callable
from typing import Any, Final

import anyio

from bus import BusError, BusUnavailable, NotPermitted, Overloaded, PublishFailed
from nexus_actors.errors import DatabaseTroubled, DatabaseUnavailable

AGAIN_S: Final = 60.0
CALM_S: Final = 5.0


class Trouble:
    """What keeps a task from its work now.

    Args:
        clock: seconds of a clock that only goes forward.

    Attributes:
        reason: in words that everybody may read; empty while all is well.
    """

    def __init__(self, log: Any, clock: Callable[[], float] = anyio.current_time) -> None:  # noqa: ANN401
        self._log = log
        self._clock = clock
        self._began_at = self._met_at = self._said_at = 0.0
        self.reason = ""

    def met(self, event: str, error: Exception, **fields: object) -> None:
        """It has shown itself. The log gets it as a warning, unless it has said the same within the last minute."""
        now, reason = self._clock(), reason_of(error)
        if not self.reason:
            self._began_at = now
        if reason != self.reason or now - self._said_at >= AGAIN_S:
            self._log.warning(event, error=str(error), **fields)
            self._said_at = now
        self.reason, self._met_at = reason, now

    def over(self, *, proven: bool = True) -> None:
        """The task has worked again.

        Args:
            proven: it has done what it could not do. What has done nothing that would have shown the trouble has to stay calm
                for five seconds.
        """
        if not self.reason:
            return
        now = self._clock()
        if proven or now - self._met_at >= CALM_S:
            self._log.info("trouble_over", reason=self.reason, seconds=round(now - self._began_at, 3))
            self.reason = ""


def reason_of(error: Exception) -> str:
    """What an error says of a dependency, without addresses or names of accounts."""
    if isinstance(error, DatabaseTroubled):
        return error.reason
    if isinstance(error, DatabaseUnavailable):
        return "The database cannot be reached."
    if isinstance(error, NotPermitted):
        return f"Redis does not permit {error.what}."
    if isinstance(error, BusError):
        return "Redis does not do what is asked of it."
    return f"It fails: {type(error).__name__}."


def is_dependency(error: BaseException) -> bool:
    """Whether an error, or each of a group, tells of a dependency that is away or in trouble."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(is_dependency, error.exceptions))
    return isinstance(error, DatabaseUnavailable | BusUnavailable | PublishFailed | Overloaded)
