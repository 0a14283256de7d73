"""Whether a polygon whose rings touch each other is one (OGC Simple Features). It brings in shapely, see `edge_index`."""

from collections.abc import Sequence

import shapely

from modules.geography.rings import Ring


def is_valid(rings: Sequence[Ring]) -> bool:
    """Whether the holes lie inside the shell, apart from each other, rings touch in points only, and the inside is connected.

    Args:
        rings: shell first, without the repeated last point, each at least three points.
    """
    return bool(shapely.is_valid(shapely.Polygon(rings[0], rings[1:])))
