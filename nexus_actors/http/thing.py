"""What a read found, or that it found nothing."""

from typing import TypeVar

from bus import Refusal

T = TypeVar("T")


def found(value: T | None, noun: str) -> T:
    """The value, where there is one.

    Args:
        value: what a query of the caller's tenant gave.
        noun: what it would be, in snake_case, such as ``vehicle``.

    Raises:
        bus.Refusal: not found, with the code ``<noun>_not_found``.
    """
    if value is None:
        raise Refusal.not_found(f"{noun}_not_found", f"There is no such {noun.replace('_', ' ')}. Check the id.")
    return value
