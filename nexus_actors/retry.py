"""When to try what failed again: decisions as data, and what a handler or a work may raise to decide for itself."""

from msgspec import Struct

from nexus_actors.errors import NexusError


class Retry(NexusError):
    """Raise it to be tried again after a time of your choice, instead of the policy's.

    It is a failure like any other: it counts, nothing of the turn stays, and what would be one too many is parked. The whole
    key waits meanwhile, and whoever asked has no answer; for what may take minutes, set a timer and end the turn.

    Args:
        reason: what is being waited for, in words.
        after_s: seconds to wait. A worker that takes the key over meanwhile tries at once.
    """

    def __init__(self, reason: str, *, after_s: float) -> None:
        if not 0 <= after_s < float("inf"):
            raise ValueError(f"{after_s!r} is no time to wait. Give seconds, from 0.")
        super().__init__(reason)
        self.after_s = after_s


class Park(NexusError):
    """Raise it where no other try will help: the message goes to the dead letters at once, and a job has failed for good."""


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """Exponential backoff.

    Attributes:
        max_attempts: the failure after which a message is parked.
        base_s: the wait after the first failure; it doubles with each further one.
        max_s: the longest wait.
        jitter: the share of a wait that chance takes away, so that failures of one cause do not come back together.
        never: errors, and kinds of them, that another try will not mend: their message is parked at once.
    """

    max_attempts: int = 6
    base_s: float = 0.2
    max_s: float = 30.0
    jitter: float = 0.25
    never: tuple[type[Exception], ...] = ()

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            ValueError: it says what cannot be done.
        """
        if self.max_attempts < 1 or not 0 <= self.base_s <= self.max_s or not 0 <= self.jitter <= 1:
            raise ValueError(
                f"{self} cannot be followed: it needs at least one attempt, waits from 0 s with base_s up to max_s, and a "
                "jitter from 0 to 1."
            )
        check_errors("never", self.never)

    def after(self, cause: Exception, failures: int, chance: float) -> float | None:
        """Seconds to wait after a failure with that cause; None when the message is to be parked.

        Args:
            failures: how many there have been, this one among them.
            chance: a random number in [0, 1).
        """
        if is_final(cause, self.never):
            return None
        if isinstance(cause, Retry):
            return cause.after_s if failures < self.max_attempts else None
        return self.wait_s(failures, chance)

    def wait_s(self, failures: int, chance: float) -> float | None:
        """Seconds to wait after the given number of failures; None when the message is to be parked.

        Args:
            chance: a random number in [0, 1).
        """
        if failures >= self.max_attempts:
            return None
        # So that many failures make no number too large for a float: the longest wait is reached long before.
        wait: float = min(self.max_s, self.base_s * 2 ** min(failures - 1, 64))
        return wait * (1 - self.jitter * chance)


def check_errors(name: str, given: object) -> None:
    """Check that something is a tuple of errors.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(given, tuple) or not all(isinstance(kind, type) and issubclass(kind, Exception) for kind in given):
        raise ValueError(f"{name}={given!r} must be classes of exceptions, in a tuple.")


def is_final(cause: Exception, never: tuple[type[Exception], ...]) -> bool:
    """Whether another try will not help."""
    return isinstance(cause, (Park, *never))
