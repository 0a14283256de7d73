"""Distances on the WGS 84 ellipsoid."""

from math import cos, hypot, radians, sin, sqrt

from geographiclib.geodesic import Geodesic

EQUATORIAL_RADIUS_M = 6_378_137.0
FLATTENING = 1 / 298.257223563
_ECCENTRICITY_SQUARED = FLATTENING * (2 - FLATTENING)

_SHORT_DEG = 1.0
_POLAR_DEG = 89.0


def distance_m(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """The length of the shortest way between two points, in metres. Degrees in, any meridian may lie between.

    Points less than a degree apart take a mid-latitude formula, whose relative error against the exact geodesic stays below
    1e-6 (a tenth of a millimetre in 100 m); others take Karney's algorithm.

    Source: WGS 84 (NGA.STND.0036); C. F. F. Karney, "Algorithms for geodesics", J. Geodesy 87 (2013), by geographiclib.
    """
    delta_lat = lat_b - lat_a
    delta_lon = (lon_b - lon_a + 540) % 360 - 180
    if abs(delta_lat) > _SHORT_DEG or abs(delta_lon) > _SHORT_DEG or max(abs(lat_a), abs(lat_b)) > _POLAR_DEG:
        exact: float = Geodesic.WGS84.Inverse(lat_a, lon_a, lat_b, lon_b, Geodesic.DISTANCE)["s12"]
        return exact
    return _short_distance_m((lat_a + lat_b) / 2, delta_lat, delta_lon)


def _short_distance_m(middle_lat: float, delta_lat: float, delta_lon: float) -> float:
    """The chord along parallel and meridian with the ellipsoid's radii of curvature at the mean latitude, then its arc.

    Source of the radii M (meridian) and N (prime vertical): R. H. Rapp, "Geometric Geodesy, Part I", Ohio State University,
    1991, chapter 3.
    """
    middle = radians(middle_lat)
    sine = sin(middle)
    scale = 1 - _ECCENTRICITY_SQUARED * sine * sine
    prime_vertical = EQUATORIAL_RADIUS_M / sqrt(scale)
    meridian = prime_vertical * (1 - _ECCENTRICITY_SQUARED) / scale
    half_lon = radians(delta_lon) / 2
    east = prime_vertical * cos(middle) * 2 * sin(half_lon)
    north = meridian * 2 * sin(radians(delta_lat) / 2) * cos(half_lon)
    chord = hypot(east, north)
    ratio = chord / prime_vertical
    return chord * (1 + ratio * ratio / 24)
