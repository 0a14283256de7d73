"""What may be an argument of a statement."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NoReturn

_LOOKED_AT: Final = frozenset({datetime, list, tuple})


def check_arguments(arguments: Iterable[Any]) -> None:
    """Refuse instants that are none. Every row of every turn comes by here, so it looks at exact types alone.

    asyncpg takes a datetime without a time zone for one in the zone of the machine, wherever that is.

    Raises:
        ValueError: there is a datetime without a time zone, by itself or in a list.
    """
    for argument in arguments:
        if type(argument) in _LOOKED_AT:
            if type(argument) is datetime:
                if argument.tzinfo is None:
                    _refuse(argument)
            elif argument and type(argument[0]) is datetime:
                check_arguments(argument)


def _refuse(argument: datetime) -> NoReturn:
    raise ValueError(f"{argument.isoformat()} has no time zone, so it is no instant. Reckon from ctx.now, or give it one.")
