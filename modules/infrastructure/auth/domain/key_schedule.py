"""When signing keys come and go."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from nexus_actors.security.claims import CLOCK_SKEW, LONGEST_TOKEN_LIFE

KEY_LIFE = timedelta(days=30)
PUBLISH_LEAD = timedelta(hours=24)
"""How long before its first use the next key is published, for those who read the key set only now and then."""

SPREAD = timedelta(seconds=5)
"""How long before its first use a key is published on demand: every process of the platform follows within a second."""

LINGER = LONGEST_TOKEN_LIFE + CLOCK_SKEW
"""How long a key is still trusted after its last use."""

Rotation = Literal["due", "now", "emergency"]


class RingKey(Struct, frozen=True, kw_only=True):
    """The times of a signing key.

    Attributes:
        activates_at: from when it signs.
        retires_at: from when its tokens are refused; None while it has no successor.
    """

    kid: str
    alg: str
    activates_at: datetime
    retires_at: datetime | None = None


class RingChange(Struct, frozen=True):
    """What a new key does to its ring.

    Attributes:
        activates_at: from when the new key signs.
        retired: when the keys before it stop being trusted, by kid.
    """

    activates_at: datetime
    retired: dict[str, datetime]


def active_key(keys: Iterable[RingKey], alg: str, now: datetime) -> RingKey | None:
    """The key that signs now: of the trusted ones that have come into use the latest."""
    usable = [key for key in keys if key.alg == alg and key.activates_at <= now and not _retired(key, now)]
    return max(usable, key=lambda key: (key.activates_at, key.kid), default=None)


def needs_key(keys: Iterable[RingKey], alg: str, now: datetime) -> bool:
    """Whether it is time to publish another key: there is none to sign with, or the last one nears its end."""
    last = _last(keys, alg, now)
    return last is None or now >= last.activates_at + KEY_LIFE - PUBLISH_LEAD


def add_key(keys: Iterable[RingKey], alg: str, rotation: Rotation, now: datetime) -> RingChange | None:
    """What happens when a new key is added; None when it is not needed.

    Args:
        keys: the ring, retired keys included.
        alg: the algorithm of the new key.
        rotation: ``due`` adds a successor in time, if it is time; ``now`` puts the new key to use within seconds and lets
            tokens of the old ones run out; ``emergency`` puts it to use at once and stops trusting all others of its
            algorithm.
        now: the instant of the change.
    """
    keys = [key for key in keys if key.alg == alg and not _retired(key, now)]
    if rotation == "emergency":
        return RingChange(now, {key.kid: now for key in keys})
    if rotation == "due" and not needs_key(keys, alg, now):
        return None
    activates_at = _activation(keys, alg, rotation, now)
    end = activates_at + LINGER
    return RingChange(activates_at, {key.kid: _end(key, activates_at, end) for key in keys if _outlives(key, end)})


def _activation(keys: list[RingKey], alg: str, rotation: Rotation, now: datetime) -> datetime:
    last = _last(keys, alg, now)
    if last is None:
        return now
    if rotation == "now":
        return now + SPREAD
    return max(now + PUBLISH_LEAD, last.activates_at + KEY_LIFE)


def _end(key: RingKey, activates_at: datetime, end: datetime) -> datetime:
    """A successor that never came into use signs nothing, so it need not linger."""
    return activates_at if key.activates_at >= activates_at else end


def _outlives(key: RingKey, end: datetime) -> bool:
    return key.retires_at is None or key.retires_at > end


def _last(keys: Iterable[RingKey], alg: str, now: datetime) -> RingKey | None:
    trusted = [key for key in keys if key.alg == alg and not _retired(key, now) and key.retires_at is None]
    return max(trusted, key=lambda key: (key.activates_at, key.kid), default=None)


def _retired(key: RingKey, now: datetime) -> bool:
    return key.retires_at is not None and key.retires_at <= now
