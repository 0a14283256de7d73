"""Where the next page of a list starts: the values that the list is ordered by, of the last item shown."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bus import Instant

_INTEGER = 2**31 - 1


class AgeCursor(Struct, frozen=True, array_like=True):
    """For lists that are ordered by the instant of joining, and by id where two have the same one."""

    at: Instant
    thing_id: UUID


class SeqCursor(Struct, frozen=True, array_like=True):
    """For lists that are numbered."""

    seq: Annotated[int, Meta(ge=0, le=_INTEGER)]
