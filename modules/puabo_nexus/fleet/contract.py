"""What the fleet service accepts and publishes: vehicles, drivers and deliveries.

A delivery is ordered by its own key; the vehicle and the driver that carry it are named in its events. All lengths are metres,
all coordinates WGS 84 degrees, all instants UTC.
"""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from bus import Command, Event, Instant, Topic
from modules.puabo_nexus.fleet.domain.delivery import (
    DEFAULT_DWELL_S,
    DEFAULT_RADIUS_M,
    MIN_RADIUS_M,
    Delivery,
    DeliveryStatus,
    DwellS,
    Place,
    Reason,
    TimelineEntry,
    TimelineKind,
)
from modules.puabo_nexus.fleet.domain.identifier import device_id, licence_number, phone
from modules.puabo_nexus.fleet.domain.person import person_name
from modules.puabo_nexus.fleet.domain.plate import plate
from modules.puabo_nexus.fleet.domain.vin import vin
from nexus_actors.changes import Change, Create
from nexus_actors.rules import rule

__all__ = ["DEFAULT_RADIUS_M", "MIN_RADIUS_M", "Delivery", "DeliveryStatus", "Place", "Reason", "TimelineEntry", "TimelineKind"]

FLEET = Topic("fleet-service", partitions=8)

READ = "fleet:read"
"""Read the fleet: of other drivers no more than their names, and of deliveries those alone that one drives."""
READ_ANY = "fleet:read:any"
"""Read all of it."""
WRITE = "fleet:write"

ERASE = "fleet:erase"

Plate = Annotated[str, rule(plate, max_length=15, examples=["ZG 1234-AB"])]
Vin = Annotated[str, rule(vin, min_length=17, max_length=17, examples=["1M8GDM9AXKP042788"])]
DeviceId = Annotated[str, rule(device_id, max_length=64, examples=["358735071000001"])]
PersonName = Annotated[str, rule(person_name, max_length=100, examples=["Ana Horvat"])]
Phone = Annotated[str, rule(phone, min_length=8, max_length=16, examples=["+3851234", "+385 91 234 5678", "+385912345678901"])]
LicenceNumber = Annotated[str, rule(licence_number, max_length=30, examples=["B072 RRE2-I55"])]

MemberStatus = Literal["active", "retired"]
MotionStatus = Literal["idle", "moving"]


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
    """Ask for something to be carried from one place to another, or round from a place and back to it.

    Where the circles of the two places touch, it is a round trip: the vehicle must leave the pick-up place before it can reach
    the drop-off place.

    Attributes:
        dwell_s: a vehicle that leaves a place sooner has passed by and fetched or brought nothing, unless it was slower than
            10 km/h on the whole way through the circle; 0 lets every passage count.
    """

    delivery_id: UUID
    pickup: Place
    dropoff: Place
    dwell_s: DwellS = DEFAULT_DWELL_S


class AssignDelivery(Change[Delivery], topic=FLEET, key="delivery_id", scope=WRITE):
    """Give a delivery that has not ended to a vehicle and its driver, or to others than have it.

    A driver drives one vehicle at a time, a vehicle may carry several. What was picked up stays so: it is handed over. What was
    not is fetched by the new vehicle.

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


class UnassignDelivery(Change[Delivery], topic=FLEET, key="delivery_id", scope=WRITE, noun="step"):
    """Take a delivery from the vehicle that carries it, or that wrongly counts as having delivered it.

    It is requested again.
    """

    delivery_id: UUID
    reason: Reason


class ArriveForDelivery(Change[Delivery], topic=FLEET, key="delivery_id", scope=WRITE, noun="step"):
    """Say that the vehicle is at the pick-up place.

    Attributes:
        at: when it was, not before the step before it and not in the future; the instant of the turn when left out.
        reason: why it is said by hand.
    """

    delivery_id: UUID
    at: Instant | None = None
    reason: Reason | None = None


class PickUpDelivery(Change[Delivery], topic=FLEET, key="delivery_id", scope=WRITE, noun="step"):
    """Say that the goods are on the vehicle. The fields mean what they mean in `ArriveForDelivery`."""

    delivery_id: UUID
    at: Instant | None = None
    reason: Reason | None = None


class CompleteDelivery(Change[Delivery], topic=FLEET, key="delivery_id", scope=WRITE, noun="step"):
    """Say that the goods are delivered. The fields mean what they mean in `ArriveForDelivery`."""

    delivery_id: UUID
    at: Instant | None = None
    reason: Reason | None = None


class TakeBackDelivery(Change[Delivery], topic=FLEET, key="delivery_id", scope=WRITE, noun="step"):
    """Take steps of a delivery back that were wrong; one that was delivered is under way again.

    What was seen until now does not take the steps again; what is seen from now on does.

    Attributes:
        to: the step that it is taken back to, which it has passed through.
    """

    delivery_id: UUID
    to: Literal["assigned", "at_pickup", "picked_up"]
    reason: Reason


class CountDeliveryVisit(Command[None], topic=FLEET, key="delivery_id"):
    """Deliver what its vehicle brought at ``came_at``, if it is still there. A timer sends it."""

    delivery_id: UUID
    came_at: Instant


class DeliveryRequested(Event, topic=FLEET, key="delivery_id"):
    """A delivery was asked for."""

    delivery_id: UUID
    pickup: Place
    dropoff: Place


class DeliveryAssigned(Event, topic=FLEET, key="delivery_id"):
    """A vehicle and its driver took a delivery on; crossings of its places count from ``assigned_at``.

    Published again when a delivery that had ended is under way again.
    """

    delivery_id: UUID
    vehicle_id: UUID
    driver_id: UUID
    pickup: Place
    dropoff: Place
    assigned_at: Instant | None = None


class DeliveryUnassigned(Event, topic=FLEET, key="delivery_id"):
    """A vehicle and its driver have a delivery no more, which is requested again or goes to others."""

    delivery_id: UUID
    vehicle_id: UUID
    driver_id: UUID
    reason: str


class DeliveryTakenBack(Event, topic=FLEET, key="delivery_id"):
    """Steps of a delivery were wrong: what was told of them since ``status`` does not hold."""

    delivery_id: UUID
    vehicle_id: UUID
    driver_id: UUID
    status: DeliveryStatus
    reason: str


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
    """The goods are delivered; ``delivered_at`` is when the vehicle reached the drop-off place, or when somebody says so."""

    delivery_id: UUID
    vehicle_id: UUID
    driver_id: UUID
    delivered_at: Instant


class DeliveryCancelled(Event, topic=FLEET, key="delivery_id"):
    """A delivery ended without being delivered; ``vehicle_id`` is what was to carry it, where it was assigned."""

    delivery_id: UUID
    vehicle_id: UUID | None
    reason: str
