"""A vehicle's track as a state machine that cuts it into trips, one fix at a time."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from modules.geography.geodesy import distance_m
from modules.puabo_nexus.tracker.contract import MIN_TRIP_M, Fix, TripEndReason
from modules.puabo_nexus.tracker.domain.filters import FixRules, is_jump


class TripRules(Struct, frozen=True, kw_only=True):
    """What a stop is, and what a trip.

    Attributes:
        stop_s: who stays this long within ``stop_radius_m`` has stopped.
        stop_radius_m: how far a standing vehicle's fixes may scatter.
        slow_mps: between two fixes no faster than this apart, the vehicle stands. It finds the instants of arrival and
            departure inside the radius, so that a trip does not lose its last metres.
        gap_s: a hole in the track this long ends the trip before it.
        min_displacement_m: see `MIN_TRIP_M`.
        fixes: the limits of a believable fix: a jump beyond them is no drive, and is not measured.
    """

    stop_s: float = 300.0
    stop_radius_m: float = 50.0
    slow_mps: float = 0.5
    gap_s: float = 3600.0
    min_displacement_m: float = MIN_TRIP_M
    fixes: FixRules = FixRules()


class Place(Struct, frozen=True):
    """A point at an instant."""

    at: datetime
    lat: float
    lon: float

    def metres_to(self, other: "Place") -> float:
        """The geodesic distance."""
        return distance_m(self.lat, self.lon, other.lat, other.lon)


class Mark(Struct, frozen=True):
    """A point on the way, with what was measured from the start of the stretch up to it."""

    place: Place
    length_m: float = 0.0
    top_mps: float = 0.0


class Hop(Struct, frozen=True):
    """The way from one fix to the next.

    Attributes:
        slow: whether the vehicle stands rather than drives.
    """

    to: Place
    length_m: float
    speed_mps: float
    slow: bool


class Leg(Struct, frozen=True, kw_only=True):
    """A trip as the track has it.

    Attributes:
        reason: why it ended; None while it goes on, then ``end`` is its newest fix.
    """

    start: Place
    end: Place
    length_m: float
    top_mps: float
    reason: TripEndReason | None

    @property
    def duration_s(self) -> float:
        """Seconds from start to end."""
        return (self.end.at - self.start.at).total_seconds()

    @property
    def average_mps(self) -> float:
        """Length by duration, 0 for a trip without duration."""
        return self.length_m / self.duration_s if self.duration_s > 0 else 0.0


class Stretch(Struct, kw_only=True):
    """The part of a track since the last end of a trip.

    Attributes:
        start, here: its first and its newest fix; ``here`` carries the length and top speed between them.
        dwell: where it came into the radius in which it has stayed since.
        arrival: the first moment of rest in that radius, None before it.
        rest: the last moment of rest in it, from which a next trip counts.
        since_m, since_mps: length and top speed after ``rest``.
    """

    start: Place
    here: Mark
    dwell: Mark
    rest: Place
    arrival: Mark | None = None
    since_m: float = 0.0
    since_mps: float = 0.0

    @classmethod
    def begin(cls, place: Place) -> "Stretch":
        """A stretch of one fix."""
        mark = Mark(place)
        return cls(start=place, here=mark, dwell=mark, rest=place)

    def leg(self, end: Mark, reason: TripEndReason | None) -> Leg:
        """The trip from the start to a mark."""
        return Leg(start=self.start, end=end.place, length_m=end.length_m, top_mps=end.top_mps, reason=reason)

    def advance(self, hop: Hop, radius_m: float) -> None:
        """Measure a hop, and note where the vehicle rests."""
        before = self.here
        top_mps = max(before.top_mps, hop.speed_mps)
        self.here = Mark(hop.to, before.length_m + hop.length_m, top_mps)
        if self.dwell.place.metres_to(hop.to) > radius_m:
            self.dwell, self.arrival = self.here, None
            self.rest_at(hop.to)
            return
        self.since_m += hop.length_m
        self.since_mps = max(self.since_mps, hop.speed_mps)
        if hop.slow:
            self.arrival = self.arrival or before
            self.rest_at(hop.to)

    def rest_at(self, place: Place) -> None:
        """Count from here, should the vehicle leave next."""
        self.rest = place
        self.since_m = self.since_mps = 0.0

    def dwell_s(self) -> float:
        """Seconds since it came into the radius."""
        return (self.here.place.at - self.dwell.place.at).total_seconds()


class Track(Struct):
    """How far one vehicle's track has been cut: a pure state machine over its fixes in the order of time.

    A stretch begins at the first fix, after a gap and after a cut. Until the vehicle is far enough from there to call it a
    trip, or has stood long enough to call it a stop, it is neither (``starting``). A trip ends with a stop, a gap or a cut;
    after a stop the vehicle is ``parked`` until it is far enough away, and the next trip counts from its last rest.
    """

    phase: Literal["ended", "starting", "trip", "parked"] = "ended"
    stretch: Stretch | None = None

    @property
    def last(self) -> Place | None:
        """The newest fix."""
        return self.stretch.here.place if self.stretch is not None else None

    @property
    def open_leg(self) -> Leg | None:
        """The trip that is going on, up to the newest fix."""
        return self.stretch.leg(self.stretch.here, None) if self.stretch is not None and self.phase == "trip" else None

    @property
    def floor_at(self) -> datetime | None:
        """The earliest instant at which a trip can start that has not ended yet; None when there is no fix."""
        if self.stretch is None:
            return None
        if self.phase == "ended":
            return self.stretch.here.place.at
        return self.stretch.rest.at if self.phase == "parked" else self.stretch.start.at

    def add(self, fix: Fix, rules: TripRules) -> Leg | None:
        """Take the next fix, which must be newer than the last.

        Returns:
            the trip that this fix shows to have ended, or the open one (it has no reason) that it shows to have begun.
        """
        place = Place(fix.fix_at, fix.lat, fix.lon)
        stretch = self.stretch
        if stretch is None or self.phase == "ended":
            self._begin(place)
            return None
        last = stretch.here.place
        length_m = last.metres_to(place)
        duration_s = (place.at - last.at).total_seconds()
        if duration_s >= rules.gap_s or is_jump(length_m, duration_s, rules.fixes):
            leg = self.cut("gap")
            self._begin(place)
            return leg
        speed_mps = fix.speed_mps if fix.speed_mps is not None else length_m / max(duration_s, 1.0)
        slow = length_m <= rules.slow_mps * duration_s
        hop = Hop(place, length_m, min(speed_mps, rules.fixes.max_speed_mps), slow)
        return self._leave(stretch, hop, rules) if self.phase == "parked" else self._drive(stretch, hop, rules)

    def cut(self, reason: TripEndReason) -> Leg | None:
        """End the present stretch at the newest fix; the next fix begins another.

        Returns:
            the trip that this ends, if one was going on.
        """
        leg = self.stretch.leg(self.stretch.here, reason) if self.stretch is not None and self.phase == "trip" else None
        self.phase = "ended"
        return leg

    def _begin(self, place: Place) -> None:
        self.phase, self.stretch = "starting", Stretch.begin(place)

    def _drive(self, stretch: Stretch, hop: Hop, rules: TripRules) -> Leg | None:
        stretch.advance(hop, rules.stop_radius_m)
        if stretch.dwell_s() >= rules.stop_s:
            return self._park(stretch)
        if self.phase == "starting" and stretch.start.metres_to(hop.to) >= rules.min_displacement_m:
            self.phase = "trip"
            return self.open_leg
        return None

    def _park(self, stretch: Stretch) -> Leg | None:
        arrival = stretch.arrival
        leg = stretch.leg(arrival or stretch.dwell, "stop") if self.phase == "trip" else None
        self.phase = "parked"
        if arrival is None:
            stretch.rest_at(stretch.here.place)
        stretch.dwell = arrival or stretch.dwell
        return leg

    def _leave(self, parked: Stretch, hop: Hop, rules: TripRules) -> Leg | None:
        since = Mark(hop.to, parked.since_m + hop.length_m, max(parked.since_mps, hop.speed_mps))
        if parked.dwell.place.metres_to(hop.to) >= rules.min_displacement_m:
            self.phase = "trip"
            self.stretch = Stretch(start=parked.rest, here=since, dwell=since, rest=hop.to)
            return self.open_leg
        parked.here = Mark(hop.to)
        parked.since_m, parked.since_mps = since.length_m, since.top_mps
        if hop.slow:
            parked.rest_at(hop.to)
        return None
