"""What is driven in the demonstration: fixes, their length, and the two places of the delivery."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from geographiclib.geodesic import Geodesic
from msgspec import Struct

from modules.puabo_nexus.fleet.contract import DEFAULT_RADIUS_M, MIN_RADIUS_M, Place
from modules.puabo_nexus.gpx import GpxError, parse_gpx
from modules.puabo_nexus.tracker.contract import Fix
from nexus_actors.demo import DemoFailed

_SHARE = 4


class Journey(Struct, frozen=True, kw_only=True):
    """A drive with something to deliver on the way.

    Attributes:
        title: what it is.
        fixes: in the order of time, each instant once.
        length_m: along the fixes, by WGS 84 geodesics.
        pickup: around the first fix.
        dropoff: around the fix farthest from it.
    """

    title: str
    fixes: tuple[Fix, ...]
    length_m: float
    pickup: Place
    dropoff: Place


def journey_of_gpx(name: str, document: bytes) -> Journey:
    """The journey of the longest track in a GPX document.

    Raises:
        DemoFailed: it is no GPX, or has no track that can be driven.
    """
    try:
        recording = parse_gpx(document)
    except GpxError as error:
        raise DemoFailed(f"{name} cannot be read: {error}") from error
    recorded = [distinct(track.fixes) for track in recording.tracks]
    if not any(recorded):
        raise DemoFailed(f"{name} has no track whose points carry a time. Take a recording of a drive.")
    left_out = f" ({recording.left_out} left out; {recording.told[0]})" if recording.left_out else ""
    return plan_journey(f"{name}{left_out}", max(recorded, key=length_m))


def plan_journey(title: str, fixes: Sequence[Fix]) -> Journey:
    """The journey along some fixes, from the first to the one farthest from it.

    The circles of the two places reach a quarter of the way to each other at most, so that they do not touch.

    Raises:
        DemoFailed: they lie too close together to deliver anything between them.
    """
    first = fixes[0]
    farthest = max(fixes, key=lambda fix: distance_m(first, fix))
    radius_m = min(DEFAULT_RADIUS_M, int(distance_m(first, farthest) / _SHARE))
    if radius_m < MIN_RADIUS_M:
        apart_m = distance_m(first, farthest)
        raise DemoFailed(
            f"{title} leads {apart_m:.0f} m away at most. Take a track that leads {MIN_RADIUS_M * _SHARE} m away or farther."
        )
    return Journey(
        title=title,
        fixes=tuple(fixes),
        length_m=length_m(fixes),
        pickup=Place(name="Where the track begins", lat=first.lat, lon=first.lon, radius_m=radius_m),
        dropoff=Place(name="Farthest point", lat=farthest.lat, lon=farthest.lon, radius_m=radius_m),
    )


def distinct(fixes: Iterable[Fix]) -> list[Fix]:
    """The fixes in the order of time, of each instant the first one."""
    unique: dict[object, Fix] = {}
    for fix in fixes:
        unique.setdefault(fix.fix_at, fix)
    return sorted(unique.values(), key=lambda fix: fix.fix_at)


def length_m(fixes: Sequence[Fix]) -> float:
    """Metres along the fixes, by WGS 84 geodesics."""
    return sum(distance_m(a, b) for a, b in pairwise(fixes))


def distance_m(a: Fix, b: Fix) -> float:
    """Metres between two fixes.

    Source: C. F. F. Karney, "Algorithms for geodesics", J. Geodesy 87 (2013), by geographiclib; the services have formulas of
    their own, so this checks them.
    """
    metres: float = Geodesic.WGS84.Inverse(a.lat, a.lon, b.lat, b.lon, Geodesic.DISTANCE)["s12"]
    return metres
