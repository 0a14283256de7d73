"""What a vehicle's reports do to its track, its history and its trips."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from msgspec import Struct, field

from bus import Event, Refusal
from modules.puabo_nexus.tracker.contract import (
    MAX_FIXES,
    Fix,
    LatePositionsRecorded,
    PositionsQuarantined,
    PositionsReceipt,
    PositionsRecorded,
    QuarantinedFix,
    Trip,
)
from modules.puabo_nexus.tracker.domain.filters import Sifted, Suspicion, is_better, sift_late, sift_live
from modules.puabo_nexus.tracker.domain.history import Checkpoint, History
from modules.puabo_nexus.tracker.domain.intake import Intake, Terms
from modules.puabo_nexus.tracker.domain.motion import Place
from modules.puabo_nexus.tracker.domain.periods import Period
from modules.puabo_nexus.tracker.domain.revision import CHECKPOINT_EVERY, MOST_READ, Recut, Reviser, Span, merged
from modules.puabo_nexus.tracker.domain.track import Track, TripRules
from modules.puabo_nexus.tracker.domain.trip_book import OpenTrip, TripBook
from modules.puabo_nexus.tracker.domain.week_rollover import Rollover


class Erasure(Struct, frozen=True, array_like=True):
    """A range of time whose fixes are to go: ``from_at <= fix_at < to_at``, from the beginning where that is None."""

    from_at: datetime | None
    to_at: datetime

    def touches(self, first: datetime, last: datetime) -> bool:
        """Whether something between two instants is in it."""
        return first < self.to_at and (self.from_at is None or last >= self.from_at)


class VehicleState(Struct):
    """What the tracker knows of a vehicle.

    Attributes:
        membership: whether the fleet has it; positions are taken of an active vehicle alone.
        suspicion: fixes that contradict the track and may yet turn out to be right.
        trip: the trip that the track is on.
        heard_at: when its newest batch came in.
        max_speed_mps: see `VehicleLimits`.
        rollover: what points to a receiver that loses 1024 weeks.
        since_checkpoint: how many fixes the track has taken since its last checkpoint.
        watched: the trip for which a silence timer is set.
        late: where fixes have come late of which the trips are still to be cut anew.
        erasures: ranges whose fixes are still to be erased.
    """

    membership: Literal["unknown", "active", "retired"] = "unknown"
    device_id: str | None = None
    track: Track = field(default_factory=Track)
    suspicion: Suspicion | None = None
    trip: OpenTrip | None = None
    heard_at: datetime | None = None
    max_speed_mps: float | None = None
    rollover: Rollover | None = None
    since_checkpoint: int = 0
    watched: UUID | None = None
    late: list[Span] = field(default_factory=list)
    erasures: list[Erasure] = field(default_factory=list)

    def is_on_trip(self, erasure: Erasure) -> bool:
        """Whether the vehicle is on a trip that a range touches."""
        stretch, trip = self.track.stretch, self.trip
        is_going = trip is not None and trip.silent_at is None
        return is_going and stretch is not None and erasure.touches(stretch.start.at, stretch.here.place.at)

    def forget(self, erasure: Erasure, newest: Fix | None) -> None:
        """Keep nothing of a range. The track begins anew after the newest fix that is left, where it touches it."""
        stretch = self.track.stretch
        self.suspicion = None
        if stretch is not None and erasure.touches(stretch.start.at, stretch.here.place.at):
            self.track = Track() if newest is None else Track.ended_at(Place(newest.fix_at, newest.lat, newest.lon))
            self.trip = None


class Recorder:
    """Applies what comes of one vehicle in one turn.

    Attributes:
        events: what to publish, in order.

    Args:
        state: is changed. After a refusal it must be thrown away.
        checkpoint_every: how many fixes lie between two checkpoints of the track.
        most_read: after how many fixes read the turn leaves what else is to be cut anew to the next.
    """

    def __init__(
        self,
        vehicle_id: UUID,
        state: VehicleState,
        history: History,
        new_id: Callable[[], UUID],
        rules: TripRules,
        checkpoint_every: int = CHECKPOINT_EVERY,
        most_read: int = MOST_READ,
    ) -> None:
        self._vehicle_id = vehicle_id
        self._state = state
        self._history = history
        self._book = TripBook(vehicle_id, state.trip, new_id)
        self._rules = rules
        self._checkpoint_every = checkpoint_every
        self._most_read, self._read = most_read, 0
        self.events: list[Event] = []

    async def record(
        self,
        messages: Sequence[Sequence[Fix]],
        now: datetime,
        received_at: datetime,
        periods: Sequence[Period] | None = None,
        is_recording: bool = False,
    ) -> list[PositionsReceipt]:
        """Take the fixes of some messages: the newer ones lead the live track on, older ones join the history.

        Args:
            periods, is_recording: see `Terms`.

        Returns:
            an answer per message.

        Raises:
            Refusal: see `Intake`.
        """
        last = self._state.track.last
        terms = Terms(now=now, rules=self._rules.fixes, periods=periods, is_recording=is_recording)
        intake = Intake(messages, last.at if last is not None else None, terms, self._state.rollover)
        self._state.rollover = intake.rollover
        for start in range(0, len(intake.old), MAX_FIXES):
            await self._take_late(intake, intake.old[start : start + MAX_FIXES])
        await self.revise()
        for start in range(0, len(intake.live), MAX_FIXES):
            await self._take_live(intake, intake.live[start : start + MAX_FIXES])
        self._state.heard_at = received_at
        await self.put_aside(sorted(intake.aside, key=lambda pair: pair[0].fix_at))
        await self._close()
        return intake.receipts()

    async def put_aside(self, fixes: Sequence[tuple[Fix, tuple[str, ...]]]) -> None:
        """Quarantine fixes, for these reasons."""
        items = [QuarantinedFix(fix=fix, reasons=reasons) for fix, reasons in fixes]
        told = tuple(await self._history.quarantine(items))
        if told:
            self.events.append(PositionsQuarantined(vehicle_id=self._vehicle_id, fixes=told))

    async def revise(self) -> None:
        """Cut anew what late fixes have changed, as far as a turn goes. What is left is in the state's ``late``.

        While fixes are being erased it waits, for it must not cut what is half gone.
        """
        state = self._state
        while state.late and not state.erasures and self._read < self._most_read:
            reviser = Reviser(self._history, state.late, state.track.began_at, self._rules, self._checkpoint_every)
            for part in await reviser.next(self._most_read - self._read):
                await self._apply(part)
            state.late = reviser.spans
            self._read += reviser.read

    async def end_trip(self) -> Trip:
        """End the trip at the newest fix.

        Raises:
            Refusal: there is none.
        """
        silent = self._state.trip is not None and self._state.trip.silent_at is not None
        leg = self._state.track.cut("request")
        trip = self._book.ended(leg) if leg is not None and not silent else None
        if leg is None or trip is None:
            raise Refusal.conflict("no_open_trip", "The vehicle is on no trip, so there is none to end.")
        await self._history.add_cut(leg.end.at)
        await self._close()
        return trip

    async def end_silent_trip(self, now: datetime) -> None:
        """The silence timer rang: end the trip, unless something has come of it since."""
        self._state.watched = None
        leg, trip = self._state.track.open_leg, self._state.trip
        if leg is None or trip is None or trip.silent_at is not None:
            return
        if now >= self._silent_at(leg.end):
            self._book.silenced(leg)
            await self._close()

    def silence_timer(self) -> datetime | None:
        """When to look whether the trip has fallen silent; None when no timer is to be set, or one is."""
        trip, last = self._state.trip, self._state.track.last
        if trip is None or trip.silent_at is not None or last is None or self._state.watched == trip.trip_id:
            return None
        self._state.watched = trip.trip_id
        return self._silent_at(last)

    async def _take_live(self, intake: Intake, fixes: Sequence[Fix]) -> None:
        state, track = self._state, self._state.track
        last = _as_fix(track.last) if track.last is not None else None
        sifted, state.suspicion = sift_live(fixes, last, state.suspicion, self._rules.fixes)
        _leave_out(sifted, intake)
        if not sifted.admitted:
            return
        intake.accepted(sifted.admitted)
        await self._history.add_fixes(sifted.admitted)
        self.events.append(PositionsRecorded(vehicle_id=self._vehicle_id, fixes=tuple(sifted.admitted)))
        for fix in sifted.admitted:
            leg = track.add(fix, self._rules)
            if leg is not None:
                self._book.found(leg)
            await self._checkpoint()
        if track.open_leg is not None:
            self._book.goes_on(track.open_leg)

    async def _take_late(self, intake: Intake, fixes: Sequence[Fix]) -> None:
        stored = {fix.fix_at: fix for fix in await self._history.at([fix.fix_at for fix in fixes])}
        new = [fix for fix in fixes if fix.fix_at not in stored or is_better(fix, stored[fix.fix_at])]
        better = set(new)
        intake.duplicate(fix for fix in fixes if fix not in better)
        if not new:
            return
        neighbours = await self._history.beside([fix.fix_at for fix in new])
        sifted = sift_late(new, neighbours, self._rules.fixes)
        _leave_out(sifted, intake)
        if not sifted.admitted:
            return
        intake.late(sifted.admitted)
        await self._history.add_fixes(sifted.admitted)
        self.events.append(LatePositionsRecorded(vehicle_id=self._vehicle_id, fixes=tuple(sifted.admitted)))
        self._state.late = merged(self._state.late, [fix.fix_at for fix in sifted.admitted])

    async def _apply(self, part: Recut) -> None:
        """Keep what a part of the history looks like now. The open trip is of the part that reaches up to now alone."""
        book, began_at = self._book, self._state.track.began_at
        if part.track is None:
            before = await self._history.trips(part.since, part.before)
            book.revise([trip for trip in before if not book.is_open(trip)], part.legs)
        else:
            since = part.since if part.since is None or began_at is None else min(part.since, began_at)
            before = await self._history.trips(since, None)
            known = [trip for trip in before if book.is_open(trip) or part.since is None or trip.started_at >= part.since]
            self._state.track = part.track
            book.revise_up_to_now(known, part.legs, part.track.open_leg)
        await self._close()

    async def _checkpoint(self) -> None:
        state = self._state
        state.since_checkpoint += 1
        if state.since_checkpoint >= self._checkpoint_every and state.track.last is not None:
            checkpoint = Checkpoint(state.track.last.at, state.track, state.track.close_part())
            await self._history.save_checkpoint(checkpoint)
            state.since_checkpoint = 0

    async def _close(self) -> None:
        await self._history.remove_trips(self._book.removed)
        await self._history.save_trips(self._book.rows.values())
        self.events += self._book.take_events()
        self._state.trip = self._book.open

    def _silent_at(self, last: Place) -> datetime:
        newest = max(last.at, self._state.heard_at) if self._state.heard_at is not None else last.at
        return newest + timedelta(seconds=self._rules.gap_s)


def _as_fix(place: Place) -> Fix:
    return Fix(fix_at=place.at, lat=place.lat, lon=place.lon, accuracy_m=place.accuracy_m)


def _leave_out(sifted: Sifted, intake: Intake) -> None:
    intake.duplicate(sifted.surplus)
    intake.rejected(sifted.quarantined)
