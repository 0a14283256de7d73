"""A vehicle's track as a state machine that cuts it into trips, one fix at a time."""

from datetime import datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from modules.puabo_nexus.tracker.contract import MIN_TRIP_M, Fix, TripEndReason
from modules.puabo_nexus.tracker.domain.filters import FixRules, is_jump
from modules.puabo_nexus.tracker.domain.motion import Hop, MotionRules, Place, hop_to, is_next_minute


class TripRules(Struct, frozen=True, kw_only=True):
    """What a stop is, and what a trip.

    Attributes:
        stop_s: who stays this long within ``stop_radius_m`` has stopped.
        stop_radius_m: how far a standing vehicle's fixes may scatter.
        gap_s: a hole in the track this long ends the trip before it.
        min_displacement_m: see `MIN_TRIP_M`. The vehicle must also be farther than the accuracy of the fixes explains, and the
            next fix or its speed confirm it, or it be ``sure_m`` away.
        sure_m: no reflected signal puts a vehicle this far away from where it stands.
        motion: what counts as motion.
        fixes: the limits of a believable fix: a jump beyond them is no drive, and is not measured.
    """

    stop_s: float = 300.0
    stop_radius_m: float = 50.0
    gap_s: float = 3600.0
    min_displacement_m: float = MIN_TRIP_M
    sure_m: float = 500.0
    motion: MotionRules = MotionRules()
    fixes: FixRules = FixRules()


class Mark(Struct, frozen=True):
    """A point on the way, with what was measured from the start of the stretch up to it."""

    place: Place
    length_m: float = 0.0
    top_mps: float = 0.0

    def farther(self, metres: float) -> "Mark":
        """The same point, so many metres farther from the start; what was fastest before it is not known."""
        return Mark(self.place, self.length_m + metres)


class Part(Struct, frozen=True):
    """What was measured of a stretch since its part before.

    Attributes:
        whole: there is no part before: it is measured from the start of the stretch.
    """

    length_m: float
    top_mps: float
    whole: bool


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
        return self.start.seconds_to(self.end)

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
        counted: the fix up to which the length is measured; later ones are no farther away than their accuracy explains. None
            where that is ``here``.
        minute: the first fix of the present minute.
        away: the newest fix, if it alone is away from where the vehicle stood.
        parts: how many parts have been closed; ``closed_m`` is their length, ``part_mps`` the top speed after them.
    """

    start: Place
    here: Mark
    dwell: Mark
    rest: Place
    arrival: Mark | None = None
    since_m: float = 0.0
    since_mps: float = 0.0
    counted: Place | None = None
    minute: Place | None = None
    away: Mark | None = None
    parts: int = 0
    closed_m: float = 0.0
    part_mps: float = 0.0

    @classmethod
    def begin(cls, place: Place) -> "Stretch":
        """A stretch of one fix."""
        mark = Mark(place)
        return cls(start=place, here=mark, dwell=mark, rest=place, minute=place)

    def leg(self, end: Mark, reason: TripEndReason | None) -> Leg:
        """The trip from the start to a mark. Its top speed is that of all fixes until now: they have not left the mark."""
        return Leg(start=self.start, end=end.place, length_m=end.length_m, top_mps=self.here.top_mps, reason=reason)

    def hop_to(self, place: Place, rules: TripRules) -> Hop:
        """The way to the next fix. Which fix is measured from, and which is the first of its minute, follows from it."""
        last = self.here.place
        mark = self.minute if self.minute is not None and is_next_minute(self.minute, place) else None
        hop = hop_to(place, last, self.counted or last, mark, rules.motion, 2 * rules.stop_radius_m)
        if mark is not None or self.minute is None:
            self.minute = place
        counted = self.counted or last
        self.counted = None if hop.driven or counted.is_vaguer_than(place) else counted
        return hop

    def advance(self, hop: Hop, radius_m: float) -> None:
        """Measure a hop, and note where the vehicle rests."""
        before = self.here
        top_mps = max(before.top_mps, hop.speed_mps)
        self.here = Mark(hop.to, before.length_m + hop.length_m, top_mps)
        self.part_mps = max(self.part_mps, hop.speed_mps)
        if hop.anew or (hop.driven and self.dwell.place.metres_to(hop.to) > radius_m):
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
        return self.dwell.place.seconds_to(self.here.place)

    def stand(self) -> None:
        """Measure nothing more: a trip has ended here."""
        if self.arrival is None:
            self.rest_at(self.here.place)
        self.dwell = Mark((self.arrival or self.dwell).place)
        self.here = Mark(self.here.place)
        self.arrival = self.away = None
        self.parts, self.closed_m, self.part_mps = 0, 0.0, 0.0

    def close_part(self) -> Part:
        """End the present part here."""
        part = Part(self.here.length_m - self.closed_m, self.part_mps, self.parts == 0)
        self.parts, self.closed_m, self.part_mps = self.parts + 1, self.here.length_m, 0.0
        return part

    def measured_anew(self, length_m: float, top_mps: float) -> "Stretch":
        """The same, where its parts have that length and that top speed up to here."""
        more_m = length_m - self.here.length_m
        return replace(
            self,
            here=Mark(self.here.place, length_m, top_mps),
            dwell=self.dwell.farther(more_m),
            arrival=self.arrival.farther(more_m) if self.arrival is not None else None,
            parts=1,
            closed_m=length_m,
            part_mps=0.0,
        )


class Track(Struct):
    """How far one vehicle's track has been cut: a pure state machine over its fixes in the order of time.

    A stretch begins at the first fix, after a gap and after a cut. Until the vehicle is far enough from there to call it a
    trip, or has stood long enough to call it a stop, it is neither (``starting``). A trip ends with a stop, a gap or a cut;
    after a stop the vehicle is ``parked`` until it is far enough away, and the next trip counts from its last rest.
    """

    phase: Literal["ended", "starting", "trip", "parked"] = "ended"
    stretch: Stretch | None = None

    @classmethod
    def ended_at(cls, place: Place) -> "Track":
        """A track whose newest fix is of that place, and which begins anew with the next."""
        return cls("ended", Stretch.begin(place))

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

    @property
    def began_at(self) -> datetime | None:
        """When the stretch began that is measured; None where the vehicle is parked, and where there is none."""
        return self.stretch.start.at if self.stretch is not None and self.phase in {"starting", "trip"} else None

    def close_part(self) -> Part:
        """End the present part of the stretch here; there is one."""
        if self.stretch is None:
            raise ValueError("There is no fix yet, so there is no part to end.")
        return self.stretch.close_part()

    def measured_anew(self, length_m: float, top_mps: float) -> "Track":
        """The same, where the parts of its stretch have that length and that top speed up to here."""
        return Track(self.phase, self.stretch.measured_anew(length_m, top_mps) if self.stretch is not None else None)

    def is_cut_like(self, other: "Track") -> bool:
        """Whether the two cut whatever follows alike. What they have measured up to here may differ."""
        return self.measured_anew(0.0, 0.0) == other.measured_anew(0.0, 0.0)

    def add(self, fix: Fix, rules: TripRules) -> Leg | None:
        """Take the next fix, which must be newer than the last.

        Returns:
            the trip that this fix shows to have ended, or the open one (it has no reason) that it shows to have begun.
        """
        place = Place(fix.fix_at, fix.lat, fix.lon, fix.accuracy_m, fix.speed_mps)
        stretch = self.stretch
        if stretch is None or self.phase == "ended":
            self._begin(place)
            return None
        last = stretch.here.place
        duration_s = last.seconds_to(place)
        if duration_s >= rules.gap_s or is_jump(last.metres_to(place), duration_s, rules.fixes):
            leg = self.cut("gap")
            self._begin(place)
            return leg
        hop = stretch.hop_to(place, rules)
        hop = replace(hop, speed_mps=min(hop.speed_mps, rules.fixes.max_speed_mps))
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
        if self.phase == "trip":
            return None
        if _is_away(stretch.start, hop.to, rules):
            if stretch.away is not None or _is_sure(stretch.start, hop, rules):
                self.phase, stretch.away = "trip", None
                return self.open_leg
            stretch.away = Mark(hop.to) if hop.driven else None
        elif stretch.away is not None or (stretch.here.length_m == 0 and stretch.start.is_vaguer_than(hop.to)):
            self._begin(hop.to)
        return None

    def _park(self, stretch: Stretch) -> Leg | None:
        leg = stretch.leg(stretch.arrival or stretch.dwell, "stop") if self.phase == "trip" else None
        self.phase = "parked"
        stretch.stand()
        return leg

    def _leave(self, parked: Stretch, hop: Hop, rules: TripRules) -> Leg | None:
        since = Mark(hop.to, parked.since_m + hop.length_m, max(parked.since_mps, hop.speed_mps))
        stood = parked.dwell.place
        is_away = _is_away(stood, hop.to, rules)
        if is_away and (parked.away is not None or _is_sure(stood, hop, rules)):
            self.phase = "trip"
            self.stretch = _set_out(parked, since, hop, rules)
            return self.open_leg
        parked.here = Mark(hop.to)
        may_set_out = is_away and hop.driven
        if not may_set_out and (hop.slow or parked.away is not None):
            parked.rest_at(hop.to)
        else:
            parked.since_m, parked.since_mps = since.length_m, since.top_mps
        parked.away = since if may_set_out else None
        return None


def _is_away(stood: Place, here: Place, rules: TripRules) -> bool:
    """Whether a vehicle seems to be elsewhere than where it stood."""
    return stood.metres_to(here) >= max(rules.min_displacement_m, stood.noise_m(here, rules.motion))


def _is_sure(stood: Place, hop: Hop, rules: TripRules) -> bool:
    """Whether one fix away is enough to know that a vehicle set out."""
    speed_mps = hop.to.speed_mps
    drives = speed_mps is not None and speed_mps >= rules.motion.driving_mps
    return hop.driven and (drives or stood.metres_to(hop.to) >= rules.sure_m)


def _set_out(parked: Stretch, since: Mark, hop: Hop, rules: TripRules) -> Stretch:
    """A stretch that counts from the last rest, and whose first fix away was this one or the one before."""
    first = parked.away or since
    stretch = Stretch(start=parked.rest, here=first, dwell=first, rest=first.place, part_mps=first.top_mps)
    stretch.counted, stretch.minute = parked.counted, parked.minute
    if first is not since:
        stretch.advance(hop, rules.stop_radius_m)
    return stretch
