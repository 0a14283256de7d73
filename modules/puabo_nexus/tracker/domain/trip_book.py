"""The trips of one vehicle in one turn: what the track shows of them, as rows to keep and events to publish."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from bus import Event
from modules.puabo_nexus.tracker.contract import Trip, TripEnded, TripRevised, TripStarted
from modules.puabo_nexus.tracker.domain.track import Leg

Change = Literal["added", "changed", "removed"]


class OpenTrip(Struct):
    """The trip that the track is on.

    Attributes:
        told: `TripEnded` was published of it. It is published once; whatever comes after is a `TripRevised`.
        silent_at: where silence ended it; None when it did not. The track itself does not know of that: it may go on.
    """

    trip_id: UUID
    version: int = 0
    told: bool = False
    silent_at: datetime | None = None


class TripBook:
    """Gives the legs of a track their ids and versions, and says what changed.

    Attributes:
        vehicle_id: whose trips they are.
        open: the trip that the track is on, as the vehicle's state keeps it.
        rows: trips to write.
        removed: trips to delete.
        events: what to publish, in order.
    """

    def __init__(self, vehicle_id: UUID, open_trip: OpenTrip | None, new_id: Callable[[], UUID]) -> None:
        self.vehicle_id = vehicle_id
        self._new_id = new_id
        self.open = open_trip
        self.rows: dict[UUID, Trip] = {}
        self.removed: list[UUID] = []
        self.events: list[Event] = []

    def take_events(self) -> list[Event]:
        """What to publish, once everything is written: the book is blank then, but for the open trip."""
        events, self.events = self.events, []
        self.rows, self.removed = {}, []
        return events

    def is_open(self, trip: Trip) -> bool:
        """Whether it is the trip that the track is on."""
        return self.open is not None and self.open.trip_id == trip.trip_id

    def found(self, leg: Leg) -> None:
        """The track shows that a trip has begun (it has no reason) or ended."""
        if leg.reason is None:
            self.began(leg)
        else:
            self.ended(leg)

    def began(self, leg: Leg) -> None:
        """The track shows that a trip has begun."""
        self.open = OpenTrip(self._new_id())
        start = leg.start
        self.events.append(
            TripStarted(
                vehicle_id=self.vehicle_id, trip_id=self.open.trip_id, started_at=start.at, lat=start.lat, lon=start.lon
            )
        )

    def ended(self, leg: Leg) -> Trip | None:
        """The open trip has ended. Returns it, unless silence had ended it there before."""
        current, self.open = self.open, None
        if current is None or (leg.reason == "gap" and current.silent_at == leg.end.at):
            return None
        trip = self._write(current, leg)
        self.events.append(_revised(trip, "changed") if current.told else _ended(trip, leg))
        return trip

    def silenced(self, leg: Leg) -> None:
        """Nothing more has come of the open trip. It counts as ended, until something does."""
        if self.open is None:
            return
        trip = self._write(self.open, msgspec.structs.replace(leg, reason="silence"))
        self.events.append(_revised(trip, "changed") if self.open.told else _ended(trip, leg))
        self.open.told, self.open.silent_at = True, leg.end.at

    def goes_on(self, leg: Leg) -> None:
        """The open trip is longer now. If silence had ended it, it is open again."""
        if self.open is None:
            return
        trip = self._write(self.open, leg)
        if self.open.silent_at is not None:
            self.open.silent_at = None
            self.events.append(_revised(trip, "changed"))

    def revise(self, before: Sequence[Trip], legs: Sequence[Leg]) -> list[tuple[Trip, Trip | None]]:
        """A part of the track was cut anew.

        Args:
            before: the trips that were known in that part.
            legs: the trips that it has now.

        Returns:
            each trip as it is now, and as it was.
        """
        pairs, gone = match(before, legs)
        revised = [(self._revise(leg, known), known) for leg, known in pairs]
        for trip in gone:
            self.removed.append(trip.trip_id)
            self.events.append(_revised(msgspec.structs.replace(trip, version=trip.version + 1), "removed"))
        return revised

    def revise_up_to_now(self, before: Sequence[Trip], legs: Sequence[Leg], goes_on: Leg | None) -> None:
        """The newest part of the track was cut anew.

        Args:
            before: the trips that were known in that part, the open one among them.
            legs: the trips that have ended in it.
            goes_on: the trip that the track is on.
        """
        was, self.open = self.open, None
        if goes_on is None:
            self.revise(before, legs)
            return
        silent_at = was.silent_at if was is not None else None
        last = msgspec.structs.replace(goes_on, reason="silence") if silent_at is not None else goes_on
        trip, known = self.revise(before, [*legs, last])[-1]
        told = known is not None and (known.ended_at is not None or (was is not None and was.told))
        self.open = OpenTrip(trip.trip_id, trip.version, told=told, silent_at=silent_at)

    def _revise(self, leg: Leg, known: Trip | None) -> Trip:
        if known is not None and known.end_reason == "silence" and leg.reason == "gap":
            leg = msgspec.structs.replace(leg, reason="silence")  # the same hole, seen from before and from after
        if known is None:
            trip = trip_of(leg, self.vehicle_id, self._new_id(), 1)
        else:
            trip = trip_of(leg, self.vehicle_id, known.trip_id, known.version)
            if trip == known:
                return known
            trip = msgspec.structs.replace(trip, version=known.version + 1)
        self.rows[trip.trip_id] = trip
        self.events.append(_revised(trip, "added" if known is None else "changed"))
        return trip

    def _write(self, current: OpenTrip, leg: Leg) -> Trip:
        current.version += 1
        trip = trip_of(leg, self.vehicle_id, current.trip_id, current.version)
        self.rows[trip.trip_id] = trip
        return trip


def match(known: Iterable[Trip], legs: Sequence[Leg]) -> tuple[list[tuple[Leg, Trip | None]], list[Trip]]:
    """Which leg is which trip: the one that starts at the same instant, else the one with which it shares most time.

    Returns:
        each leg with its trip, None where it is a new one, and the trips that are none any more.
    """
    left = {trip.started_at: trip for trip in known}
    found = {leg.start.at: left.pop(leg.start.at) for leg in legs if leg.start.at in left}
    for leg in legs:
        if leg.start.at in found:
            continue
        best = max(left.values(), key=lambda trip: _shared_s(trip, leg), default=None)
        if best is not None and _shared_s(best, leg) > 0:
            found[leg.start.at] = left.pop(best.started_at)
    return [(leg, found.get(leg.start.at)) for leg in legs], list(left.values())


def trip_of(leg: Leg, vehicle_id: UUID, trip_id: UUID, version: int) -> Trip:
    """The trip that a leg is."""
    return Trip(
        trip_id=trip_id,
        vehicle_id=vehicle_id,
        started_at=leg.start.at,
        ended_at=leg.end.at if leg.reason is not None else None,
        start_lat=leg.start.lat,
        start_lon=leg.start.lon,
        end_lat=leg.end.lat,
        end_lon=leg.end.lon,
        distance_m=leg.length_m,
        duration_s=leg.duration_s,
        max_speed_mps=leg.top_mps,
        average_speed_mps=leg.average_mps,
        end_reason=leg.reason,
        version=version,
    )


def _shared_s(trip: Trip, leg: Leg) -> float:
    trip_end = trip.started_at + timedelta(seconds=trip.duration_s)
    return (min(trip_end, leg.end.at) - max(trip.started_at, leg.start.at)).total_seconds()


def _ended(trip: Trip, leg: Leg) -> TripEnded:
    return TripEnded(
        vehicle_id=trip.vehicle_id,
        trip_id=trip.trip_id,
        started_at=trip.started_at,
        ended_at=leg.end.at,
        distance_m=trip.distance_m,
        duration_s=trip.duration_s,
        max_speed_mps=trip.max_speed_mps,
        average_speed_mps=trip.average_speed_mps,
        lat=trip.end_lat,
        lon=trip.end_lon,
    )


def _revised(trip: Trip, change: Change) -> TripRevised:
    return TripRevised(
        vehicle_id=trip.vehicle_id,
        trip_id=trip.trip_id,
        change=change,
        started_at=trip.started_at,
        ended_at=trip.ended_at,
        distance_m=trip.distance_m,
        duration_s=trip.duration_s,
        max_speed_mps=trip.max_speed_mps,
        average_speed_mps=trip.average_speed_mps,
        lat=trip.end_lat,
        lon=trip.end_lon,
        trip_version=trip.version,
    )
