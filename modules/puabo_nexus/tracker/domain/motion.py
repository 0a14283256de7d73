"""What two fixes show of motion: how far a vehicle drove between them, if it drove at all."""

from datetime import datetime
from math import floor

from msgspec import Struct

from modules.geography.geodesy import distance_m

_GRID_PER_M = 2.0**24
"""Lengths are whole numbers of a small fraction of a metre, so that up to the way to the Moon a sum of parts is the sum of the
whole, to the last bit."""


class MotionRules(Struct, frozen=True, kw_only=True):
    """When two fixes show motion, and when no more than the noise of a receiver.

    Attributes:
        doubt: how many times their accuracies together two fixes must lie apart to be two places. A third of all fixes lie
            outside of the accuracy that they state; hardly any lies outside of its double.
        driving_mps: a device that says that it goes so fast drives, however bad its fixes are.
        still_mps: a device that says that it goes no faster stands.
        still_s: who stands at both ends of a hop that took less than this has not driven between them.
        slow_mps: between two fixes no faster than this apart, the vehicle stands. It finds the instants of arrival and
            departure inside the radius of a stop, so that a trip does not lose its last metres.
    """

    doubt: float = 2.0
    driving_mps: float = 1.5
    still_mps: float = 0.5
    still_s: float = 60.0
    slow_mps: float = 0.5


class Place(Struct, frozen=True):
    """A point at an instant, with what its fix says of accuracy and speed."""

    at: datetime
    lat: float
    lon: float
    accuracy_m: float | None = None
    speed_mps: float | None = None

    def metres_to(self, other: "Place") -> float:
        """The geodesic distance."""
        return distance_m(self.lat, self.lon, other.lat, other.lon)

    def seconds_to(self, later: "Place") -> float:
        """The time from here to there."""
        return (later.at - self.at).total_seconds()

    def noise_m(self, other: "Place", rules: MotionRules) -> float:
        """How far two fixes of one place may lie apart, by what they say of their accuracy; 0 where neither says anything."""
        return rules.doubt * ((self.accuracy_m or 0.0) + (other.accuracy_m or 0.0))

    def is_vaguer_than(self, other: "Place") -> bool:
        """Whether the other fix says better where it is."""
        return self.accuracy_m is not None and other.accuracy_m is not None and other.accuracy_m < self.accuracy_m

    def is_still(self, rules: MotionRules) -> bool:
        """Whether the device says that it stands."""
        return self.speed_mps is not None and self.speed_mps <= rules.still_mps


class Hop(Struct, frozen=True):
    """The way from one fix to the next.

    Attributes:
        length_m: from the last place that was measured to this one; 0 where the vehicle did not drive.
        slow: whether the vehicle stands rather than drives.
        driven: whether it is certain that it moved.
        anew: whether what is known of the motion before tells nothing more: the vehicle has gone far within a minute, and goes
            on. Two cuts of one track, of which one knows more fixes, are one again from there on.
    """

    to: Place
    length_m: float
    speed_mps: float
    slow: bool
    driven: bool
    anew: bool


def hop_to(place: Place, last: Place, counted: Place, mark: Place | None, rules: MotionRules, far_m: float) -> Hop:
    """The way from the last fix to a place.

    Distances are taken from ``counted``, the last place that was measured, so that the noise of many fixes does not add up to
    a distance, and slow motion does.

    Args:
        mark: the first fix of the minute of the last fix, where the place is in another.
        far_m: so far from the mark a vehicle has left it.
    """
    step_m, step_s = last.metres_to(place), last.seconds_to(place)
    apart_m = step_m if counted is last else counted.metres_to(place)
    since_s = counted.seconds_to(place)
    slow = step_m <= rules.slow_mps * step_s
    halted = last.is_still(rules) and place.is_still(rules) and (slow or step_s < rules.still_s)
    anew = mark is not None and not slow and not halted and mark.metres_to(place) > max(far_m, mark.noise_m(place, rules))
    driven = anew or _is_driving(place, apart_m, since_s, rules)
    driven = driven or (not halted and apart_m >= counted.noise_m(place, rules))
    if not driven:
        return Hop(place, 0.0, 0.0, slow=True, driven=False, anew=False)
    speed_mps = place.speed_mps if place.speed_mps is not None else apart_m / max(since_s, 1.0)
    return Hop(place, _on_grid(apart_m), speed_mps, slow, driven=True, anew=anew)


def is_next_minute(mark: Place, place: Place) -> bool:
    """Whether a place is in a later minute of the day than the first fix of a minute."""
    return place.at.minute != mark.at.minute or mark.seconds_to(place) >= 60.0  # noqa: PLR2004 - seconds of a minute


def _is_driving(place: Place, apart_m: float, since_s: float, rules: MotionRules) -> bool:
    """Whether the device says that it drives, and fast enough to have come from there."""
    speed_mps = place.speed_mps
    return speed_mps is not None and speed_mps >= rules.driving_mps and apart_m <= 2 * speed_mps * since_s


def _on_grid(length_m: float) -> float:
    return floor(length_m * _GRID_PER_M) / _GRID_PER_M
