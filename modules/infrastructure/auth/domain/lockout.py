"""Soft lock-out: guessing gets slower and slower, and nobody can lock an owner out for good.

Failures are counted where they come from. The places where the owner has logged in before count each for itself; all other
places count together. So an attacker elsewhere slows down only guesses from elsewhere.
Attempts during a lock do not prolong it.
"""

from datetime import datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import replace

FREE_FAILURES = 5
FIRST_LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(minutes=15)
FORGET_AFTER = timedelta(hours=24)
FAMILIAR_PLACES = 8


class Attempts(Struct, frozen=True):
    """Failed attempts in a row from one place.

    Attributes:
        failures: how many, locked ones not counted.
        last_at: the last of them.
        locked_until: end of the lock that they earned.
    """

    failures: int = 0
    last_at: datetime | None = None
    locked_until: datetime | None = None


class Lockout(Struct, frozen=True):
    """The failed attempts at one account.

    Attributes:
        familiar: by place, the places of earlier logins, the latest last.
        elsewhere: of all other places together.
    """

    familiar: dict[str, Attempts] = field(default_factory=dict)
    elsewhere: Attempts = Attempts()


def locked_until(lockout: Lockout, place: str, now: datetime) -> datetime | None:
    """Until when attempts from this place are refused; None when they are not."""
    until = lockout.familiar.get(place, lockout.elsewhere).locked_until
    return until if until is not None and until > now else None


def after_failure(lockout: Lockout, place: str, now: datetime) -> Lockout:
    """The lockout after a failed attempt. From the fifth failure on each doubles the lock, from 30 s up to 15 min."""
    if locked_until(lockout, place, now) is not None:
        return lockout
    known = lockout.familiar.get(place, lockout.elsewhere)
    stale = known.last_at is not None and now - known.last_at > FORGET_AFTER
    failures = 1 if stale else known.failures + 1
    attempts = Attempts(failures, now, _lock_end(failures, now))
    if place in lockout.familiar:
        return replace(lockout, familiar=lockout.familiar | {place: attempts})
    return replace(lockout, elsewhere=attempts)


def after_success(lockout: Lockout, place: str) -> Lockout:
    """The lockout after a login: its place is familiar, and its failures are forgotten, not those of other places."""
    others = {name: attempts for name, attempts in lockout.familiar.items() if name != place}
    kept = dict(list(others.items())[-(FAMILIAR_PLACES - 1) :])
    return replace(lockout, familiar=kept | {place: Attempts()})


def unlocked(lockout: Lockout) -> Lockout:
    """The lockout with all failures forgotten; places stay familiar."""
    return Lockout(familiar={place: Attempts() for place in lockout.familiar})


def failures_at(lockout: Lockout, place: str) -> int:
    """How many failures in a row count against attempts from this place."""
    return lockout.familiar.get(place, lockout.elsewhere).failures


def _lock_end(failures: int, now: datetime) -> datetime | None:
    if failures < FREE_FAILURES:
        return None
    doublings = min(failures - FREE_FAILURES, 16)
    return now + min(FIRST_LOCK * (1 << doublings), LONGEST_LOCK)
