"""Longitudes on the circle: the same meridian has many numbers."""

FULL_DEG = 360.0
HALF_DEG = 180.0


def wrap(lon: float) -> float:
    """The longitude in -180..180 of the same meridian. What is in that range already comes back as it is."""
    if -HALF_DEG <= lon <= HALF_DEG:
        return lon
    return (lon + HALF_DEG) % FULL_DEG - HALF_DEG


def near(lon: float, reference: float) -> float:
    """The number for the meridian ``lon`` that is nearest to ``reference``: at most 180 degrees away.

    Args:
        lon: in -180..180.
        reference: any longitude.
    """
    turns = round((reference - lon) / FULL_DEG)
    return lon + turns * FULL_DEG if turns else lon
