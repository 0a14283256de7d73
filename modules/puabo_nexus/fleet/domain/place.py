"""The places of a delivery."""

from math import asin, cos, isfinite, radians, sin, sqrt

from msgspec.structs import replace

from modules.puabo_nexus.fleet.contract import MAX_RADIUS_M, MIN_RADIUS_M, Place
from nexus_actors.form import Form
from nexus_actors.typed_line import one_line

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the earth (IUGG 1980)."""
LAT_BOUND = 90
LON_BOUND = 180


def read_places(form: Form, pickup: Place, dropoff: Place) -> tuple[Place, Place]:
    """The normal forms of both places of a delivery, with what is wrong noted in ``form``.

    Circles that touch are refused: a vehicle could be at both places at once, and then no crossing says whether it brings
    the goods or has not fetched them yet.
    """
    read = _read_place(form, "pickup", pickup), _read_place(form, "dropoff", dropoff)
    if not (_on_earth(pickup) and _on_earth(dropoff)):
        return read
    apart_m, reach_m = distance_m(pickup, dropoff), pickup.radius_m + dropoff.radius_m
    if apart_m <= reach_m:
        form.refuse(
            "dropoff",
            f"It lies {apart_m:.0f} m from the pick-up place and their circles reach {reach_m} m: they touch. "
            "Give places further apart or smaller radii.",
        )
    return read


def distance_m(one: Place, other: Place) -> float:
    """Metres between two centres on a sphere, by the haversine formula (Sinnott 1984); within 0.6 % of the ellipsoid's."""
    lat1, lat2 = radians(one.lat), radians(other.lat)
    half_lat, half_lon = (lat2 - lat1) / 2, radians(other.lon - one.lon) / 2
    haversine = sin(half_lat) ** 2 + cos(lat1) * cos(lat2) * sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(haversine)))


def _read_place(form: Form, field: str, place: Place) -> Place:
    for axis, degrees, bound in (("lat", place.lat, LAT_BOUND), ("lon", place.lon, LON_BOUND)):
        if not _within(degrees, bound):
            form.refuse(f"{field}.{axis}", f"It is {degrees}. Give degrees from -{bound} to {bound}.")
    if not MIN_RADIUS_M <= place.radius_m <= MAX_RADIUS_M:
        form.refuse(f"{field}.radius_m", f"It is {place.radius_m} m. Give {MIN_RADIUS_M} to {MAX_RADIUS_M} m.")
    return replace(place, name=form.read(f"{field}.name", _place_name, place.name))


def _on_earth(place: Place) -> bool:
    return _within(place.lat, LAT_BOUND) and _within(place.lon, LON_BOUND)


def _within(degrees: float, bound: int) -> bool:
    return isfinite(degrees) and -bound <= degrees <= bound


def _place_name(value: str) -> str:
    return one_line(value, 100)
