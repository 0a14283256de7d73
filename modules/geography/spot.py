"""A spot on the ground, with what the tests of many fences need of it."""

from modules.geography.geodesy import Vector, vector_m


class Spot:
    """A point in degrees, longitude in -180..180. Its vector is computed once, when the first circle asks for it."""

    __slots__ = ("_vector_m", "lat", "lon")

    def __init__(self, lat: float, lon: float) -> None:
        self.lat = lat
        self.lon = lon
        self._vector_m: Vector | None = None

    @property
    def vector_m(self) -> Vector:
        """The point in Earth-centred coordinates, in metres."""
        if self._vector_m is None:
            self._vector_m = vector_m(self.lat, self.lon)
        return self._vector_m
