"""Values that can go into a query: clients may write what PostgreSQL has no place for."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

_BIGINT_BITS: Final = 63


def is_storable(value: Any) -> bool:  # noqa: ANN401 - any value that msgspec makes
    """Whether PostgreSQL can hold a value, or all that is in it.

    It cannot hold U+0000, an integer of more than 64 bits, or an instant that has no equal in UTC between the years 1 and 9999,
    such as 0001-01-01T00:00:00+14:00.
    """
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, int):
        return -(1 << _BIGINT_BITS) <= value < 1 << _BIGINT_BITS
    if isinstance(value, datetime):
        return _has_utc(value)
    if isinstance(value, Struct):
        return all(map(is_storable, msgspec.structs.astuple(value)))
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(is_storable, value))
    return True


def _has_utc(instant: datetime) -> bool:
    try:
        instant.astimezone(UTC)
    except OverflowError:
        return False
    return True
