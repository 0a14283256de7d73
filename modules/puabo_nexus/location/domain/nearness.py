"""Which vehicles are nearest to a point or within a distance of it, right to the geodesic on the ellipsoid."""

from collections.abc import Iterable, Iterator
from typing import Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from modules.geography.geodesy import (
    HALFWAY_ROUND_M,
    SPHERE_ERROR,
    geodesic_distance_m,
    sphere_distance_m,
)

_FIRST_RADIUS_M = 1_000.0
_GROWTH = 3.0
_ROUNDING_M = 0.001
"""Below a millimetre the fast distance is mostly rounding error."""


class Placed(Protocol):
    """Something with an id that is somewhere."""

    @property
    def vehicle_id(self) -> UUID:
        """Breaks ties between equal distances."""
        ...

    @property
    def lat(self) -> float:
        """Degrees."""
        ...

    @property
    def lon(self) -> float:
        """Degrees."""
        ...


P = TypeVar("P", bound=Placed)


class Distant(NamedTuple, Generic[P]):
    """A thing and how far away it is, along the ellipsoid."""

    distance_m: float
    thing: P


def search_radii(farthest_m: float) -> Iterator[float]:
    """Radii in which to look one after the other, growing, the last one ``farthest_m``.

    Once enough are found within a radius the search is over: nothing outside it is nearer.
    """
    radius = _FIRST_RADIUS_M
    while radius < min(farthest_m, HALFWAY_ROUND_M):
        yield radius
        radius *= _GROWTH
    yield farthest_m


def nearest(lat: float, lon: float, things: Iterable[P], count: int, within_m: float) -> list[Distant[P]]:
    """The ``count`` nearest things that are at most ``within_m`` away, nearest first, equal distances by id.

    The fast distance sorts out all but those which its error leaves in doubt; these are measured exactly.
    """
    rough = sorted(((sphere_distance_m(lat, lon, thing.lat, thing.lon), thing) for thing in things), key=lambda pair: pair[0])
    limit = within_m * (1 + SPHERE_ERROR)
    if len(rough) > count:
        limit = min(limit, rough[count - 1][0] / (1 - SPHERE_ERROR) * (1 + SPHERE_ERROR))
    limit += _ROUNDING_M
    measured = (
        Distant(geodesic_distance_m(lat, lon, thing.lat, thing.lon), thing) for distance, thing in rough if distance <= limit
    )
    found = [distant for distant in measured if distant.distance_m <= within_m]
    return sorted(found, key=lambda distant: (distant.distance_m, distant.thing.vehicle_id))[:count]


def is_within(lat: float, lon: float, thing: Placed, radius_m: float) -> bool:
    """Whether a thing is at most ``radius_m`` away. Measured exactly where the fast distance leaves a doubt."""
    rough = sphere_distance_m(lat, lon, thing.lat, thing.lon)
    if rough > radius_m * (1 + SPHERE_ERROR) + _ROUNDING_M:
        return False
    if rough <= radius_m * (1 - SPHERE_ERROR) - _ROUNDING_M:
        return True
    return geodesic_distance_m(lat, lon, thing.lat, thing.lon) <= radius_m
