"""What tracker-ms accepts and what it publishes."""

from collections.abc import Iterator
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from bus import Command, Event, FieldError, Instant, Topic

TRACKER = Topic("tracker-ms", partitions=8)

MAX_FIXES = 1000

MIN_TRIP_M = 100.0
"""A trip begins when the vehicle is this far, as the crow flies, from where it stood."""

WRITE = "tracker:write"
"""Report for a vehicle: for the one that the caller drives, or with `WRITE_ANY` for every one of the tenant."""
WRITE_ANY = "tracker:write:any"

ADMIN = "tracker:admin"
ERASE = "tracker:erase"

Latitude = Annotated[float, Meta(ge=-90, le=90, description="Degrees north, WGS 84")]
Longitude = Annotated[float, Meta(ge=-180, le=180, description="Degrees east, WGS 84")]
Percent = Annotated[float, Meta(ge=0, le=100)]
TripEndReason = Literal["stop", "gap", "silence", "request"]


class Fix(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a device says that it was, and when.

    Attributes:
        fix_at: the device's instant of the fix.
        lat: degrees north, WGS 84.
        lon: degrees east, WGS 84.
        altitude_m: metres above the ellipsoid or the sea, as the device counts.
        speed_mps: metres per second over ground.
        heading_deg: direction of travel, degrees clockwise from true north, below 360.
        accuracy_m: radius in metres inside which the device believes to be.
        battery_pct: how full the device's own battery is, 100 when it is full.
        charging: whether the device's battery is being charged.
        ignition: whether the vehicle's ignition is on.
    """

    fix_at: Instant
    lat: Latitude
    lon: Longitude
    altitude_m: Annotated[float, Meta(ge=-12_000, le=100_000)] | None = None
    speed_mps: Annotated[float, Meta(ge=0, le=10_000)] | None = None
    heading_deg: Annotated[float, Meta(ge=0, lt=360)] | None = None
    accuracy_m: Annotated[float, Meta(ge=0, le=50_000_000)] | None = None
    battery_pct: Percent | None = None
    charging: bool | None = None
    ignition: bool | None = None


class DeviceState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a device is, beside where. The fields mean what they mean in `Fix`."""

    battery_pct: Percent | None = None
    charging: bool | None = None
    ignition: bool | None = None


class RejectedFix(Struct, frozen=True, kw_only=True):
    """A fix that was put into quarantine, and why."""

    fix_at: Instant
    reasons: tuple[str, ...]


class QuarantinedFix(Struct, frozen=True, kw_only=True):
    """A fix in quarantine as it came, and why."""

    fix: Fix
    reasons: tuple[str, ...]


class PositionsReceipt(Struct, frozen=True, kw_only=True):
    """What became of a batch: the four parts add up to the fixes that were sent.

    Attributes:
        accepted: fixes newer than all before, now part of the live track.
        duplicate: fixes whose instant is in the history already, and that are no more accurate; nothing was stored.
        late: fixes no newer than the newest one, stored in the history, some of them in place of less accurate ones of their
            instants; the trips that they touch were measured again.
        rejected: fixes in quarantine. They are nobody's original: another one of the instant is not their duplicate.
    """

    accepted: int
    duplicate: int
    late: int
    rejected: tuple[RejectedFix, ...] = ()


class Trip(Struct, frozen=True, kw_only=True):
    """A drive between two stops.

    Attributes:
        ended_at: None while it goes on; then the other end values are those of its newest fix.
        distance_m: length along the fixes, by WGS 84 geodesics.
        end_reason: ``stop`` (stood still), ``gap`` (a hole in the track), ``silence`` (nothing more came), ``request``.
        version: grows by one with every change.
    """

    trip_id: UUID
    vehicle_id: UUID
    started_at: Instant
    ended_at: Instant | None
    start_lat: float
    start_lon: float
    end_lat: float
    end_lon: float
    distance_m: float
    duration_s: float
    max_speed_mps: float
    average_speed_mps: float
    end_reason: TripEndReason | None
    version: int


class ErasedPositions(Struct, frozen=True, kw_only=True):
    """What was erased of where a vehicle was.

    Attributes:
        positions: fixes erased until now, those in quarantine among them.
        trips: trips erased.
        is_done: whether nothing is left. If not, the rest goes by itself within seconds.
    """

    vehicle_id: UUID
    positions: int
    trips: int
    is_done: bool


class DeviceKeyRecord(Struct, frozen=True, kw_only=True):
    """The key that a vehicle's device reports with, known by its hash alone."""

    vehicle_id: UUID
    device_id: str
    key_hash: str


class VehicleLimits(Struct, frozen=True, kw_only=True):
    """What is believed of a vehicle.

    Attributes:
        max_speed_mps: two fixes that it could reach only faster than this contradict each other. None stands for 70 m/s, which
            no car on a road exceeds.
    """

    vehicle_id: UUID
    max_speed_mps: float | None = None


class RecordPositions(Command[PositionsReceipt], topic=TRACKER, key="vehicle_id", scope=WRITE):
    """Record where a vehicle was.

    Attributes:
        is_recording: somebody enters what was recorded whenever it was. It says nothing of how the vehicle's device is now.
    """

    vehicle_id: UUID
    fixes: Annotated[tuple[Fix, ...], Meta(min_length=1, max_length=MAX_FIXES)]
    is_recording: bool = False


class NoteReport(Command[PositionsReceipt], topic=TRACKER, key="vehicle_id"):
    """Take note of what a device sent without a position to believe: a sign of life, or a fix that it does not trust itself.

    Attributes:
        fix: goes into quarantine.
        reasons: why nothing of it is believed; empty for a sign of life.
    """

    vehicle_id: UUID
    fix: Fix | None = None
    reasons: tuple[str, ...] = ()
    state: DeviceState = DeviceState()


class SetVehicleLimits(Command[VehicleLimits], topic=TRACKER, key="vehicle_id", scope=ADMIN):
    """Say how fast a vehicle may be for its fixes to be believed from now on: less for a barge or a lorry, more for a train."""

    vehicle_id: UUID
    max_speed_mps: Annotated[float, Meta(ge=1, le=1_000)] | None = None


class EndTrip(Command[Trip], topic=TRACKER, key="vehicle_id", scope=WRITE):
    """End the trip that a vehicle is on, at its newest fix: for the end of a shift, or of a recording that was replayed.

    The next fix begins a new stretch.
    """

    vehicle_id: UUID


class SetDeviceKey(Command[DeviceKeyRecord], topic=TRACKER, key="vehicle_id"):
    """Give a vehicle's device a key in place of the one it has.

    Attributes:
        key_hash: SHA-256 of the key, in hex. The key itself never travels on the bus.
    """

    vehicle_id: UUID
    key_hash: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class CloseSilentTrip(Command[None], topic=TRACKER, key="vehicle_id"):
    """End the trip of a vehicle that has reported nothing for too long. A timer sends it."""

    vehicle_id: UUID


class ErasePositions(Command[ErasedPositions], topic=TRACKER, key="vehicle_id", scope=ERASE):
    """Erase where a vehicle was in a range of time, for good: ``from_at <= fix_at < to_at``; what is left out is open.

    With the fixes go those in quarantine, and the trips that touch the range; odometers keep their metres. The history of
    location-ms in that range goes too. What a device sends of that time afterwards is taken as any late fix.
    """

    vehicle_id: UUID
    from_at: Instant | None = None
    to_at: Instant | None = None

    def faults(self) -> Iterator[FieldError]:
        """A range that runs backwards."""
        if self.from_at is not None and self.to_at is not None and self.from_at >= self.to_at:
            yield FieldError("$.to_at", "It is not later than from_at. Give a range that runs forwards.")


class ContinueErasure(Command[None], topic=TRACKER, key="vehicle_id"):
    """Erase what is left of a range, as far as one turn goes. A timer sends it."""

    vehicle_id: UUID


class PositionsErased(Event, topic=TRACKER, key="vehicle_id"):
    """Where a vehicle was in a range of time is to be forgotten: ``from_at <= instant < to_at``.

    Attributes:
        from_at: None for all there was before.
    """

    vehicle_id: UUID
    from_at: Instant | None
    to_at: Instant


class ReviseTrips(Command[None], topic=TRACKER, key="vehicle_id"):
    """Cut a vehicle's trips anew where fixes have come late, as far as one turn goes. A timer sends it."""

    vehicle_id: UUID


class PositionsRecorded(Event, topic=TRACKER, key="vehicle_id", batch="fixes"):
    """A vehicle moved on. Over all these events, ``fix_at`` only grows for a vehicle."""

    vehicle_id: UUID
    fixes: tuple[Fix, ...]


class LatePositionsRecorded(Event, topic=TRACKER, key="vehicle_id", batch="fixes"):
    """Fixes no newer than the newest known one joined a vehicle's history, each in place of what it had at that instant."""

    vehicle_id: UUID
    fixes: tuple[Fix, ...]


class PositionsQuarantined(Event, topic=TRACKER, key="vehicle_id", batch="fixes"):
    """Fixes that cannot be right were put aside."""

    vehicle_id: UUID
    fixes: tuple[QuarantinedFix, ...]


class TripStarted(Event, topic=TRACKER, key="vehicle_id"):
    """A vehicle set out from ``lat``, ``lon``. Published when it has gone far enough to be sure of it."""

    vehicle_id: UUID
    trip_id: UUID
    started_at: Instant
    lat: float
    lon: float


class TripEnded(Event, topic=TRACKER, key="vehicle_id"):
    """A vehicle arrived at ``lat``, ``lon``. Published once of a trip; whatever changes afterwards is a `TripRevised`."""

    vehicle_id: UUID
    trip_id: UUID
    started_at: Instant
    ended_at: Instant
    distance_m: float
    duration_s: float
    max_speed_mps: float
    average_speed_mps: float
    lat: float
    lon: float


class TripRevised(Event, topic=TRACKER, key="vehicle_id"):
    """Fixes that came late, or after silence, changed a trip. This replaces what was said of it before.

    Attributes:
        change: ``added`` (a trip that was not known), ``changed``, or ``removed`` (there was no such trip).
        ended_at: None when the trip goes on.
        lat: where it ended, or is now.
        lon: where it ended, or is now.
        trip_version: the version of the trip that this made.
    """

    vehicle_id: UUID
    trip_id: UUID
    change: Literal["added", "changed", "removed"]
    started_at: Instant
    ended_at: Instant | None
    distance_m: float
    duration_s: float
    max_speed_mps: float
    average_speed_mps: float
    lat: float
    lon: float
    trip_version: int
