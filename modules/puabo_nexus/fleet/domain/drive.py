"""What a vehicle's trips make of its motion and its odometer."""

from uuid import UUID

from msgspec import Struct


class Drive(Struct, frozen=True, kw_only=True):
    """What trips have made of a vehicle.

    Attributes:
        trip_id: the trip that it is on; None while it is idle.
        odometer_m: metres of its ended trips, each rounded to whole metres.
    """

    trip_id: UUID | None = None
    odometer_m: int = 0


class TripNews(Struct, frozen=True, kw_only=True):
    """What is known of a trip from now on.

    Attributes:
        distance_m: its length, once it has ended; 0 for a trip that goes on or that never was.
        goes_on: it has not ended.
    """

    trip_id: UUID
    distance_m: int
    goes_on: bool


def ended_trip(trip_id: UUID, distance_m: float) -> TripNews:
    """The news that a trip has ended after so many metres."""
    return TripNews(trip_id=trip_id, distance_m=max(0, round(distance_m)), goes_on=False)


def running_trip(trip_id: UUID) -> TripNews:
    """The news that a trip goes on."""
    return TripNews(trip_id=trip_id, distance_m=0, goes_on=True)


def removed_trip(trip_id: UUID) -> TripNews:
    """The news that there was no such trip."""
    return TripNews(trip_id=trip_id, distance_m=0, goes_on=False)


def follow(drive: Drive, news: TripNews, counted_m: int) -> Drive:
    """The vehicle after news of a trip of which ``counted_m`` metres are in the odometer already.

    Each trip counts with its latest length, so the same news twice changes nothing.
    """
    trip_id = drive.trip_id
    if news.goes_on:
        trip_id = news.trip_id
    elif trip_id == news.trip_id:
        trip_id = None
    return Drive(trip_id=trip_id, odometer_m=drive.odometer_m - counted_m + news.distance_m)
