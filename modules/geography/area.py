"""Areas bounded by straight edges in longitude and latitude: polygons with holes, several of them, at the antimeridian too."""

from collections.abc import Iterator, Sequence

from modules.geography.box import Box, bounding, joined
from modules.geography.edges import Edges
from modules.geography.longitude import FULL_DEG, HALF_DEG
from modules.geography.predicates import Point
from modules.geography.region import Path
from modules.geography.spot import Spot


class Area:
    """One or several polygons as one region. Polygons that meet at the antimeridian have no edge between them.

    Args:
        polygons: of each its rings, shell first, without the repeated last point; no two edges of which meet but at their ends.
    """

    def __init__(self, polygons: Sequence[Sequence[Sequence[Point]]]) -> None:
        self._parts = [(bounding(rings[0]), Edges(rings)) for rings in polygons]
        self.box: Box = joined(box for box, _ in self._parts)

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
