"""Areas bounded by straight edges in longitude and latitude: polygons with holes, several of them, at the antimeridian too."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from modules.geography.box import Box, bounding, joined
from modules.geography.edges import Edges
from modules.geography.longitude import FULL_DEG, HALF_DEG
from modules.geography.predicates import Point
from modules.geography.region import Path, outer_meetings
from modules.geography.spot import Spot

if TYPE_CHECKING:
    from modules.geography.edge_index import EdgeIndex

_LIGHT = 2_000
"""So many comparisons in Python are over before GEOS has been asked."""


class Area:
    """One or several polygons as one region. Polygons that meet at the antimeridian have no edge between them.

    Args:
        polygons: of each its rings, shell first, without the repeated last point; no two edges of which meet but at their ends.
    """

    def __init__(self, polygons: Sequence[Sequence[Sequence[Point]]]) -> None:
        self._polygons = polygons
        self._index: EdgeIndex | None = None
        self._parts = [(bounding(rings[0]), Edges(rings)) for rings in polygons]
        self.box: Box = joined(box for box, _ in self._parts)
        self.weight: int = sum(edges.weight for _, edges in self._parts)

    def covers(self, spot: Spot) -> bool:
        """Whether the spot is inside a polygon or on its edge."""
        if self._covers(spot.lon, spot.lat):
            return True
        # 180 and -180 are one meridian, and a polygon may have been cut on either side of it.
        return abs(spot.lon) == HALF_DEG and self._covers(-spot.lon, spot.lat)

    def _covers(self, lon: float, lat: float) -> bool:
        return any(
            box.west <= lon <= box.east and box.south <= lat <= box.north and edges.covers((lon, lat))
            for box, edges in self._parts
        )

    def meetings(self, path: Path) -> Iterator[float]:
        """Where the path meets edges."""
        for box, edges in self._parts:
            for shift in (0.0, FULL_DEG, -FULL_DEG):
                if box.west + shift <= path.box.east and path.box.west <= box.east + shift:
                    start, end = path.start, path.end
                    yield from edges.meetings((start[0] - shift, start[1]), (end[0] - shift, end[1]))

    def covers_all(self, spots: Sequence[Spot]) -> list[bool]:
        """What `covers` says of each of some spots, by GEOS where they are many."""
        if len(spots) * self.weight <= _LIGHT:
            return [self.covers(spot) for spot in spots]
        found = self._indexed().covers([spot.lon for spot in spots], [spot.lat for spot in spots])
        return [
            inside or (abs(spot.lon) == HALF_DEG and self._covers(-spot.lon, spot.lat))
            for spot, inside in zip(spots, found, strict=True)
        ]

    def meetings_of(self, paths: Sequence[Path], most: int) -> list[list[float]]:
        """What `meetings` says of each of some paths, in order, by GEOS where that is much work."""
        if len(paths) * self.weight <= _LIGHT:
            return [outer_meetings(self.meetings(path), most) for path in paths]
        return self._indexed().meetings(paths, most)

    def _indexed(self) -> "EdgeIndex":
        if self._index is None:
            # numpy and shapely come in with it: a service that judges little by few fences never needs them.
            from modules.geography.edge_index import EdgeIndex  # noqa: PLC0415

            self._index = EdgeIndex(self._polygons)
        return self._index
