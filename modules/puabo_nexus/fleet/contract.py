"""What the fleet service accepts and publishes: vehicles, drivers and deliveries.

A delivery is ordered by its own key; the vehicle and the driver that carry it are named in its events. All lengths are metres,
all coordinates WGS 84 degrees, all instants UTC.
"""

from collections.abc import Iterator
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from bus import Command, Event, FieldError, Instant, Topic
from modules.geography.geodesy import distance_m
from modules.puabo_nexus.fleet.domain.identifier import device_id, licence_number, phone
from modules.puabo_nexus.fleet.domain.person import person_name
from modules.puabo_nexus.fleet.domain.plate import plate
from modules.puabo_nexus.fleet.domain.vin import vin
from nexus_actors.changes import Change, Create
from nexus_actors.rules import rule
from nexus_actors.typed_line import one_line

FLEET = Topic("fleet-service", partitions=8)

READ = "fleet:read"
"""Read the fleet: of other drivers no more than their names, and of deliveries those alone that one drives."""
READ_ANY = "fleet:read:any"
"""Read all of it."""
WRITE = "fleet:write"

ERASE = "fleet:erase"

DEFAULT_RADIUS_M = 100
MIN_RADIUS_M = 10

Plate = Annotated[str, rule(plate, max_length=15, examples=["ZG 1234-AB"])]
Vin = Annotated[str, rule(vin, min_length=17, max_length=17, examples=["1M8GDM9AXKP042788"])]
DeviceId = Annotated[str, rule(device_id, max_length=64, examples=["358735071000001"])]
PersonName = Annotated[str, rule(person_name, max_length=100, examples=["Ana Horvat"])]
Phone = Annotated[str, rule(phone, min_length=8, max_length=16, examples=["+3851234", "+385 91 234 5678", "+385912345678901"])]
LicenceNumber = Annotated[str, rule(licence_number, max_length=30, examples=["B072 RRE2-I55"])]
Reason = Annotated[str, rule(one_line, max_length=200)]
PlaceName = Annotated[str, rule(one_line, max_length=100)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
RadiusM = Annotated[int, Meta(ge=MIN_RADIUS_M, le=5_000)]
Seq = Annotated[int, Meta(ge=1, le=2**31 - 1)]

MemberStatus = Literal["active", "retired"]
MotionStatus = Literal["idle", "moving"]
DeliveryStatus = Literal["requested", "assigned", "at_pickup", "picked_up", "delivered", "cancelled"]
TimelineKind = Literal["requested", "assigned", "at_pickup", "picked_up", "delivered", "cancelled", "ignored"]


class Place(Struct, frozen=True, kw_only=True):
    """A circle on the ground where goods change hands, in WGS 84 degrees and metres.

    Attributes:
        name: what people call it.
        radius_m: how near a vehicle must come to be there.
    """

    name: PlaceName
    lat: Latitude
    lon: Longitude
    radius_m: RadiusM = DEFAULT_RADIUS_M


class Vehicle(Struct, frozen=True, kw_only=True):
    """A vehicle as it stands.

    Attributes:
        vin: vehicle identification number (ISO 3779).
        device_id: the tracking device that reports its positions.
        motion: moving during a trip, else idle.
        odometer_m: metres of all its ended trips.
        version: grows with every change of what is shown here.
    """

    vehicle_id: UUID
    plate: str
    vin: str | None
    device_id: str | None
    status: MemberStatus
    motion: MotionStatus
    odometer_m: int
    registered_at: Instant
    version: int


class Driver(Struct, frozen=True, kw_only=True):
    """A driver as they stand.

    Attributes:
        phone: number in E.164 form.
        user_id: the account that they log in with, to report for the vehicles that they are assigned to.
        version: grows with every change of what is shown here.
    """

    driver_id: UUID
    name: str
    phone: str | None
    licence_number: str | None
    status: MemberStatus
    registered_at: Instant
    version: int
    user_id: UUID | None = None


class Delivery(Struct, frozen=True, kw_only=True):
    """A delivery as it stands.

    Attributes:
        vehicle_id: what carries it, once it is assigned. It stays when the delivery has ended.
        assigned_at: from when crossings of its places count.
        version: grows with every change of what is shown here.
    """

    delivery_id: UUID
    status: DeliveryStatus
    pickup: Place
    dropoff: Place
    requested_at: Instant
    vehicle_id: UUID | None = None
    driver_id: UUID | None = None
    assigned_at: Instant | None = None
    arrived_at: Instant | None = None
    picked_up_at: Instant | None = None
    delivered_at: Instant | None = None
    cancelled_at: Instant | None = None
    cancel_reason: str | None = None
    version: int = 1


class TimelineEntry(Struct, frozen=True, kw_only=True):
    """One thing that happened to a delivery, or that was seen and not followed (``ignored``).

    Attributes:
        seq: counts from 1 within the delivery, in the order of recording.
        happened_at: when it happened, by the clock of whoever saw it.
        recorded_at: when the fleet service wrote it down.
        caused_by: subject of the caller whose request led to it, where there was one.
        detail: the reason of a cancellation, or why something was ignored.
    """

    seq: Seq
    kind: TimelineKind
    happened_at: Instant
    recorded_at: Instant
    caused_by: str | None
    detail: str | None


class RegisterVehicle(Create[Vehicle], topic=FLEET, key="vehicle_id", scope=WRITE):
    """Register a vehicle.

    Plate and device belong to one active vehicle of a tenant at a time.

    Attributes:
        vin: vehicle identification number (ISO 3779).
        device_id: what the tracking device in it calls itself.
    """

    vehicle_id: UUID
    plate: Plate
    vin: Vin | None = None
    device_id: DeviceId | None = None


class ChangeVehicle(Change[Vehicle], topic=FLEET, key="vehicle_id", scope=WRITE):
    """Change what is given of a vehicle; null clears it, what is left out stays (RFC 7396)."""

    vehicle_id: UUID
    plate: Plate | UnsetType = UNSET
    vin: Vin | UnsetType | None = UNSET
    device_id: DeviceId | UnsetType | None = UNSET


class RetireVehicle(Change[Vehicle], topic=FLEET, key="vehicle_id", scope=WRITE):
    """Take a vehicle that carries nothing out of the fleet, for good.

    Its plate and device are free for another one.
    """

    vehicle_id: UUID


class VehicleRegistered(Event, topic=FLEET, key="vehicle_id"):
    """A vehicle joined the fleet."""

    vehicle_id: UUID
    plate: str
    device_id: str | None


class VehicleChanged(Event, topic=FLEET, key="vehicle_id"):
    """A vehicle's plate, device or other registered data changed; plate and device are those it has now."""

    vehicle_id: UUID
    plate: str
    device_id: str | None


class VehicleRetired(Event, topic=FLEET, key="vehicle_id"):
    """A vehicle left the fleet."""

    vehicle_id: UUID


class RegisterDriver(Create[Driver], topic=FLEET, key="driver_id", scope=WRITE):
    """Register a driver.

    An account belongs to one active driver of a tenant at a time.

    Attributes:
        phone: number with the country's code; spaces and marks are left out of what is kept.
        user_id: the account that they log in with, as auth-ms names it. With it they may report positions of the vehicles that
            they are assigned to.
    """

    driver_id: UUID
    name: PersonName
    phone: Phone | None = None
    licence_number: LicenceNumber | None = None
    user_id: UUID | None = None


class ChangeDriver(Change[Driver], topic=FLEET, key="driver_id", scope=WRITE):
    """Change what is given of a driver; null clears it, what is left out stays (RFC 7396)."""

    driver_id: UUID
    name: PersonName | UnsetType = UNSET
    phone: Phone | UnsetType | None = UNSET
    licence_number: LicenceNumber | UnsetType | None = UNSET
    user_id: UUID | UnsetType | None = UNSET


class RetireDriver(Change[Driver], topic=FLEET, key="driver_id", scope=WRITE):
    """Take a driver who carries nothing out of the fleet, for good."""

    driver_id: UUID


class EraseDriver(Command[Driver], topic=FLEET, key="driver_id", scope=ERASE):
    """Forget who a driver is, for good: name, phone, licence and account. One who is active is retired with it.

    Their deliveries stay, as those of somebody without a name. Once more, it changes nothing.
    """

    driver_id: UUID


class DriverRegistered(Event, topic=FLEET, key="driver_id"):
    """A driver joined the fleet; they log in with the account ``user_id``, where they have one."""

    driver_id: UUID
    name: str
    user_id: UUID | None = None


class DriverChanged(Event, topic=FLEET, key="driver_id"):
    """A driver's registered data changed; name and account are those that they have now."""

    driver_id: UUID
    name: str
    user_id: UUID | None = None


class DriverRetired(Event, topic=FLEET, key="driver_id"):
    """A driver left the fleet."""

    driver_id: UUID


class DriverErased(Event, topic=FLEET, key="driver_id"):
    """Who a driver was is to be forgotten."""

    driver_id: UUID


class RequestDelivery(Create[Delivery], topic=FLEET, key="delivery_id", scope=WRITE):
    """Ask for something to be carried from one place to another.

    The circles of its two places may not touch.
    """

    delivery_id: UUID
    pickup: Place
    dropoff: Place

    def faults(self) -> Iterator[FieldError]:
        """Circles that touch: no crossing would say whether a vehicle brings the goods or has not fetched them yet."""
        apart_m = distance_m(self.pickup.lat, self.pickup.lon, self.dropoff.lat, self.dropoff.lon)
        reach_m = self.pickup.radius_m + self.dropoff.radius_m
        if apart_m <= reach_m:
            yield FieldError(
                "$.dropoff",
                f"It lies {apart_m:.0f} m from the pick-up place and their circles reach {reach_m} m: they touch. "
                "Give places further apart or smaller radii.",
            )


class AssignDelivery(Change[Delivery], topic=FLEET, key="delivery_id", scope=WRITE):
    """Give a requested delivery to a vehicle and its driver.

    A driver drives one vehicle at a time, a vehicle may carry several.

    Attributes:
        assigned_at: from when crossings of its places count, where the assignment is entered after the drive began (a call
            in the morning, a replayed track); the instant of the turn when left out. Never in the future.
    """

    delivery_id: UUID
    vehicle_id: UUID
    driver_id: UUID
    assigned_at: Instant | None = None


class CancelDelivery(Change[Delivery], topic=FLEET, key="delivery_id", scope=WRITE, noun="cancellation"):
    """Cancel a delivery that has not been delivered."""

    delivery_id: UUID
    reason: Reason


class DeliveryRequested(Event, topic=FLEET, key="delivery_id"):
    """A delivery was asked for."""

    delivery_id: UUID
    pickup: Place
    dropoff: Place


class DeliveryAssigned(Event, topic=FLEET, key="delivery_id"):
    """A vehicle and its driver took a delivery on; crossings of its places count from ``assigned_at``."""

    delivery_id: UUID
    vehicle_id: UUID
    driver_id: UUID
    pickup: Place
    dropoff: Place
    assigned_at: Instant | None = None


class DeliveryArrivedAtPickup(Event, topic=FLEET, key="delivery_id"):
    """The vehicle reached the pick-up place."""

    delivery_id: UUID
    vehicle_id: UUID
    driver_id: UUID
    arrived_at: Instant


class DeliveryPickedUp(Event, topic=FLEET, key="delivery_id"):
    """The goods are on the vehicle."""

    delivery_id: UUID
    vehicle_id: UUID
    driver_id: UUID
    picked_up_at: Instant


class DeliveryCompleted(Event, topic=FLEET, key="delivery_id"):
    """The vehicle reached the drop-off place with the goods."""

    delivery_id: UUID
    vehicle_id: UUID
    driver_id: UUID
    delivered_at: Instant


class DeliveryCancelled(Event, topic=FLEET, key="delivery_id"):
    """A delivery ended without being delivered; ``vehicle_id`` is what was to carry it, where it was assigned."""

    delivery_id: UUID
    vehicle_id: UUID | None
    reason: str
