"""Areas of any shape, as sets of points with an edge, and the paths that may meet it."""

from collections.abc import Iterable
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
    """

    box: Box

    def covers(self, spot: Spot) -> bool:
        """Whether the spot is inside or on the edge. The same spot always gets the same answer."""
        ...

    def meetings(self, path: Path) -> Iterable[float]:
        """Where the path meets the edge, as shares of its length in 0..1, in any order. One too many does no harm."""
        ...
