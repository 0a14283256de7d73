"""Message ids: UUIDv7 (RFC 9562), and ids derived from another id."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final
from uuid import UUID, SafeUUID

from uuid_utils import uuid7

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_VERSION_7 = 0x7 << 76
_VERSION_8 = 0x8 << 76
_VARIANT = 0b10 << 62
_TIME_MASK = 0xFFFFFFFFFFFF << 80
_RANDOM_MASK = ~(0xF << 76 | 0b11 << 62) & ((1 << 80) - 1)
_UNKNOWN: Final = SafeUUID.unknown
_set_int: Final[Callable[[UUID, int], None]] = vars(UUID)["int"].__set__
_set_is_safe: Final[Callable[[UUID, SafeUUID], None]] = vars(UUID)["is_safe"].__set__


def new_id(now: datetime | None = None) -> UUID:
    """A new UUIDv7, which sorts by time to the millisecond.

    Args:
        now: the instant it carries; the system's when left out.
    """
    if now is None:
        return _uuid(uuid7().int)
    return id_at(now, secrets.randbits(80))


def id_at(instant: datetime, random: int) -> UUID:
    """The UUIDv7 of an instant and 80 bits of randomness (74 of them are used)."""
    return _uuid((_milliseconds(instant) << 80) | _VERSION_7 | _VARIANT | random & _RANDOM_MASK)


def turn_id(now: datetime, cause: UUID, ordinal: int, handler: str = "") -> UUID:
    """The ``ordinal``-th id that a handler of message ``cause`` makes at ``now``: a UUIDv7 without a random source.

    Args:
        handler: names the handler and its actor: an event has many, and no two of them may make the same id.
    """
    digest = blake2b(cause.bytes + ordinal.to_bytes(8, "big") + handler.encode(), digest_size=10).digest()
    return id_at(now, int.from_bytes(digest, "big"))


def derive_id(parent: UUID, name: str) -> UUID:
    """The id that follows from ``parent`` and ``name``: always the same one, with the parent's time bits.

    A derived id lands in the same time partition of an inbox as its parent, whenever it is derived again.
    """
    digest = blake2b(name.encode(), digest_size=10, key=parent.bytes).digest()
    random = int.from_bytes(digest, "big") & _RANDOM_MASK
    version = parent.int & 0xF << 76
    return _uuid((parent.int & _TIME_MASK) | version | _VARIANT | random)


def keyed_id(*parts: str) -> UUID:
    """The id that follows from a client's idempotency key and its scope: a UUIDv8 (RFC 9562), which carries no time.

    The bits of the time are all ones, so that these ids stand together, behind all that carry one.
    """
    digest = blake2b("\x1f".join(parts).encode(), digest_size=10).digest()
    return _uuid(_TIME_MASK | _VERSION_8 | _VARIANT | int.from_bytes(digest, "big") & _RANDOM_MASK)


def has_time(message_id: UUID) -> bool:
    """Whether the id carries the instant of its making (version 7)."""
    return message_id.version == 7  # noqa: PLR2004


def id_time(message_id: UUID) -> datetime:
    """The instant that a UUIDv7 carries, to the millisecond, UTC."""
    return _EPOCH + (message_id.int >> 80) * _MILLISECOND


def id_floor(instant: datetime) -> UUID:
    """The lowest UUIDv7 of an instant: the bound of a time partition."""
    return _uuid(_milliseconds(instant) << 80)


def _milliseconds(instant: datetime) -> int:
    """Milliseconds since 1970, in whole numbers: a float would now and then be one off."""
    return (instant - _EPOCH) // _MILLISECOND


def _uuid(bits: int) -> UUID:
    """A UUID of bits that are right. Its constructor looks which of six forms it is given, which takes longer than all else."""
    made = object.__new__(UUID)
    _set_int(made, bits)
    _set_is_safe(made, _UNKNOWN)
    return made
