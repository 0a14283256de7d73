"""Distances on the WGS 84 ellipsoid: exact ones, and fast ones whose error is bounded."""

from math import asin, cos, hypot, radians, sin, sqrt

from geographiclib.geodesic import Geodesic

SEMI_MAJOR_M = 6_378_137.0
FLATTENING = 1 / 298.257223563
ECCENTRICITY_SQUARED = FLATTENING * (2 - FLATTENING)
MEAN_RADIUS_M = 6_371_008.8
"""Mean radius of the ellipsoid's three axes (IUGG)."""
LEAST_RADIUS_M = 6_335_439.0
"""The smallest radius of curvature anywhere: that of the meridian at the equator."""
HALFWAY_ROUND_M = 20_037_509.0
"""No two points are farther apart: half the equator."""
SPHERE_ERROR = 0.0057
"""`sphere_distance_m` is wrong by less than this share of the true distance, anywhere on Earth."""

Vector = tuple[float, float, float]

_SHORT_DEG = 1.0
_POLAR_DEG = 89.0


def geodesic_distance_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """The length of the shortest line on the ellipsoid, exact to some nanometres. Costs tens of microseconds.

    Source: C. F. F. Karney, Algorithms for geodesics, J. Geodesy 87 (2013), as in GeographicLib.
    """
    distance: float = Geodesic.WGS84.Inverse(lat, lon, other_lat, other_lon, Geodesic.DISTANCE)["s12"]
    return distance


def distance_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """The length of the shortest line on the ellipsoid, right to a millionth: a tenth of a millimetre in 100 m.

    Points less than a degree apart take a mid-latitude formula, others `geodesic_distance_m`. Any meridian may lie between.
    """
    delta_lat = other_lat - lat
    delta_lon = (other_lon - lon + 540) % 360 - 180
    if abs(delta_lat) > _SHORT_DEG or abs(delta_lon) > _SHORT_DEG or max(abs(lat), abs(other_lat)) > _POLAR_DEG:
        return geodesic_distance_m(lat, lon, other_lat, other_lon)
    return _short_distance_m((lat + other_lat) / 2, delta_lat, delta_lon)


def _short_distance_m(middle_lat: float, delta_lat: float, delta_lon: float) -> float:
    """The chord along parallel and meridian with the ellipsoid's radii of curvature at the mean latitude, then its arc.

    Source of the radii M (meridian) and N (prime vertical): R. H. Rapp, "Geometric Geodesy, Part I", Ohio State University,
    1991, chapter 3.
    """
    middle = radians(middle_lat)
    sine = sin(middle)
    scale = 1 - ECCENTRICITY_SQUARED * sine * sine
    prime_vertical = SEMI_MAJOR_M / sqrt(scale)
    meridian = prime_vertical * (1 - ECCENTRICITY_SQUARED) / scale
    half_lon = radians(delta_lon) / 2
    east = prime_vertical * cos(middle) * 2 * sin(half_lon)
    north = meridian * 2 * sin(radians(delta_lat) / 2) * cos(half_lon)
    chord = hypot(east, north)
    ratio = chord / prime_vertical
    return chord * (1 + ratio * ratio / 24)


def sphere_distance_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """The distance on a sphere of the mean radius (haversine formula), within `SPHERE_ERROR` of the true one."""
    lat, other_lat = radians(lat), radians(other_lat)
    half_lat, half_lon = sin((other_lat - lat) / 2), sin(radians(other_lon - lon) / 2)
    return 2 * MEAN_RADIUS_M * asin(min(1.0, sqrt(half_lat**2 + cos(lat) * cos(other_lat) * half_lon**2)))


def vector_m(lat: float, lon: float) -> Vector:
    """A point of the ellipsoid in Earth-centred, Earth-fixed coordinates, in metres."""
    lat, lon = radians(lat), radians(lon)
    sin_lat, cos_lat = sin(lat), cos(lat)
    normal = SEMI_MAJOR_M / sqrt(1 - ECCENTRICITY_SQUARED * sin_lat * sin_lat)
    return normal * cos_lat * cos(lon), normal * cos_lat * sin(lon), normal * (1 - ECCENTRICITY_SQUARED) * sin_lat


def chord_m(distance_m: float) -> float:
    """The straight line through the ground between two points that are ``distance_m`` apart on it.

    The ellipsoid's curvature differs by less than 1.3 % from the sphere's that is taken here, and the chord of 100 km is
    1 m short of the arc, so the error stays below 3e-7 of the distance up to 100 km.
    """
    return 2 * MEAN_RADIUS_M * sin(distance_m / (2 * MEAN_RADIUS_M))
