"""Areas of any shape, as sets of points with an edge, and the paths that may meet it."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from modules.geography.box import Box
from modules.geography.spot import Spot


class Path(Protocol):
    """A way from one point to another, straight in longitude and latitude.

    Attributes:
        start: longitude and latitude where it begins.
        end: where it ends; its longitude is counted on from the start's and may lie beyond 180 or -180.
        box: bounds of the path, under the same numbers.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    box: Box


class Region(Protocol):
    """A closed area: its edge belongs to it.

    Attributes:
        box: a `normal` box that holds all of it.
        weight: how many steps of work one path is at most, each less than a microsecond.
    """

    box: Box
    weight: int

    def covers(self, spot: Spot) -> bool:
        """Whether the spot is inside or on the edge. The same spot always gets the same answer."""
        ...

    def meetings(self, path: Path) -> Iterable[float]:
        """Where the path meets the edge, as shares of its length in 0..1, in any order. One too many does no harm."""
        ...

    def covers_all(self, spots: Sequence[Spot]) -> list[bool]:
        """What `covers` says of each of some spots."""
        ...

    def meetings_of(self, paths: Sequence[Path], most: int) -> list[list[float]]:
        """What `meetings` says of each of some paths, in order; of more than twice ``most`` those nearest to its ends."""
        ...


def outer_meetings(shares: Iterable[float], most: int) -> list[float]:
    """Shares in order; of more than twice ``most`` as many as that from either end."""
    ordered = sorted(shares)
    return ordered if len(ordered) <= 2 * most else [*ordered[:most], *ordered[-most:]]
