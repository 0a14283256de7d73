"""Pages out of lists that were read one item too far."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from nexus_actors.http import Page, encode_cursor

T = TypeVar("T")


def page_of(items: Sequence[T], limit: int, cursor: Callable[[T], object]) -> Page[T]:
    """The first ``limit`` of the items, with a cursor where there are more.

    Args:
        items: up to ``limit + 1`` of them; the one too many says that there are more.
        limit: how many there are to a page.
        cursor: the values that the list is ordered by, of one item.
    """
    shown = list(items[:limit])
    return Page(items=shown, next=encode_cursor(cursor(shown[-1])) if len(items) > limit else None)
