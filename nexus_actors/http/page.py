"""Lists in pages: their form, and cursors that say where the next page starts (opaque to clients)."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct

from bus import FieldError
from nexus_actors.http.problem import HttpProblem
from nexus_actors.http.storable import is_storable

T = TypeVar("T")

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200
_MAX_CURSOR: Final = 1024
_CHECKSUM_BYTES: Final = 6


class Page(Struct, Generic[T], frozen=True, kw_only=True):
    """One page of a list.

    Attributes:
        items: the things on this page, in the list's stable order.
        next: cursor of the next page; null on the last one.
    """

    items: list[T]
    next: str | None = None


class PageQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The query parameters of every list; a list with filters extends it.

    Attributes:
        limit: how many items to answer with, at most.
        cursor: where to go on: the ``next`` of the page before.
    """

    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[str, Meta(max_length=_MAX_CURSOR)] | None = None


def page_from(items: Sequence[T], limit: int, cursor: Callable[[T], object]) -> Page[T]:
    """The page of a list that was read one item too far, where there was one.

    Args:
        items: up to ``limit + 1`` of them, in order.
        limit: how many the page may have.
        cursor: what the list is ordered by, of one item; see `encode_cursor`.
    """
    shown = list(items[:limit])
    return Page(items=shown, next=encode_cursor(cursor(shown[-1])) if len(items) > limit else None)


def encode_cursor(values: Any) -> str:  # noqa: ANN401 - whatever a list is ordered by
    """A cursor that carries ``values``: base64url of a checksum and JSON. It hides and proves nothing, it only goes round.

    Args:
        values: a Struct or tuple of what the list is ordered by, taken from the last item of the page.
    """
    body = msgspec.json.encode(values)
    return urlsafe_b64encode(_checksum(body) + body).rstrip(b"=").decode()


def decode_cursor(cursor: str, kind: type[T]) -> T:
    """What a cursor carries.

    Raises:
        HttpProblem: 422 ``invalid_cursor``; it was changed on the way, or is the cursor of another list.
    """
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        body = raw[_CHECKSUM_BYTES:]
        if _checksum(body) != raw[:_CHECKSUM_BYTES] or urlsafe_b64encode(raw).rstrip(b"=") != cursor.encode():
            raise _invalid_cursor()
        values = msgspec.json.decode(body, type=kind)
    except (binascii.Error, UnicodeError, msgspec.DecodeError) as error:
        raise _invalid_cursor() from error
    if not is_storable(values):  # the checksum is no secret: whoever reads this can make a cursor
        raise _invalid_cursor()
    return values


def _checksum(body: bytes) -> bytes:
    return blake2b(body, digest_size=_CHECKSUM_BYTES, person=b"nexus cursor").digest()


def _invalid_cursor() -> HttpProblem:
    reason = "This is not the cursor that the page before gave."
    return HttpProblem(
        422,
        "invalid_cursor",
        "The cursor cannot be used. Send the `next` of the page before unchanged, or leave it out to start again.",
        (FieldError("query.cursor", reason),),
    )
