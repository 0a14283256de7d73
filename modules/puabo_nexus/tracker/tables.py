"""What the tracker keeps of trips and of the fleet. Positions are read and written in bulk, by SQL of their own."""

from uuid import UUID

from msgspec import Struct

from bus import Instant
from modules.puabo_nexus.tracker.contract import Trip, VehicleLimits
from nexus_actors.tables import Table


class Vehicle(Struct, frozen=True, kw_only=True):
    """A vehicle as the fleet has it now, or had it when it was retired."""

    vehicle_id: UUID
    plate: str
    device_id: str | None


class Driver(Struct, frozen=True, kw_only=True):
    """A driver who has an account to report with."""

    driver_id: UUID
    user_id: UUID


class Heard(Struct, frozen=True, kw_only=True):
    """The newest report of a vehicle's device that brought no position.

    Attributes:
        heard_at: when it came in.
        reasons: why it brought none, such as ``marked_invalid``; empty for a sign of life.
        battery_pct, charging, ignition: see `Fix`.
    """

    vehicle_id: UUID
    heard_at: Instant
    reasons: tuple[str, ...]
    battery_pct: float | None
    charging: bool | None
    ignition: bool | None


TRIPS = Table(Trip, "trips", key="trip_id", order=("started_at", "trip_id"), newest_first=True)
VEHICLES = Table(Vehicle, "vehicles", key="vehicle_id", order=("vehicle_id",))
DRIVERS = Table(Driver, "drivers", key="driver_id", order=("driver_id",))
HEARD = Table(Heard, "heard", key="vehicle_id", order=("vehicle_id",))
LIMITS = Table(VehicleLimits, "limits", key="vehicle_id", order=("vehicle_id",))
