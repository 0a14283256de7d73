"""What may be an argument of a statement."""

from collections.abc import Iterable
from datetime import datetime


def check_arguments(arguments: Iterable[object]) -> None:
    """Refuse instants that are none.

    asyncpg takes a datetime without a time zone for one in the zone of the machine, wherever that is.

    Raises:
        ValueError: there is a datetime without a time zone, by itself or in a list.
    """
    for argument in arguments:
        kind = type(argument)
        if kind is datetime:
            _check(argument)
        elif (kind is list or kind is tuple) and argument and type(argument[0]) is datetime:  # type: ignore[index]
            for item in argument:  # type: ignore[attr-defined]
                if type(item) is datetime:
                    _check(item)


def _check(instant: object) -> None:
    if isinstance(instant, datetime) and instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone, so it is no instant. Reckon from ctx.now, or give it one.")
