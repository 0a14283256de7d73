"""What is said of a difference between two schemas, looked at from either end."""

from typing import Final

from msgspec import Struct


class Words(Struct, frozen=True):
    """Templates; ``was`` and ``now`` are those of the schemas that are compared, in this order.

    Attributes:
        gone: a field that only the first has.
        takes_not: what only the first takes.
        lower: the lower limit is higher in the second; ``upper``, ``least`` and ``most`` likewise.
        other: a limit that cannot be compared.
        encoding: bytes in one, text in the other.
        needed: a field that may be left out in the first alone.
        closed: only the second refuses unknown fields.
    """

    gone: str
    takes_not: str
    lower: str
    upper: str
    least: str
    most: str
    other: str
    encoding: str
    needed: str
    closed: str


NARROWED: Final = Words(
    gone="is gone, or has another name",
    takes_not="no longer takes {0}",
    lower="the lower limit rose from {was} to {now}",
    upper="the upper limit fell from {was} to {now}",
    least="{name} rose from {was} to {now}",
    most="{name} fell from {was} to {now}",
    other="{name} was {was}, is {now}",
    encoding="bytes and text are told apart by the type alone, and it changed",
    needed="can no longer be left out",
    closed="refuses fields that it does not know",
)
"""The first schema is the older one: what can be read no more."""

WIDENED: Final = Words(
    gone="is new",
    takes_not="takes {0} now",
    lower="the lower limit fell from {now} to {was}",
    upper="the upper limit rose from {now} to {was}",
    least="{name} fell from {now} to {was}",
    most="{name} rose from {now} to {was}",
    other="{name} was {now}, is {was}",
    encoding="bytes and text are told apart by the type alone, and it changed",
    needed="may be left out now",
    closed="has refused fields that it did not know",
)
"""The first schema is the newer one: what an older release cannot read yet."""
