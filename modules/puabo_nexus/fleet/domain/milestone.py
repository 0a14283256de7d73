"""What it leaves in a delivery, and what is told of it, when it passes through a status."""

from datetime import datetime

from msgspec.structs import replace

from bus import Event
from modules.puabo_nexus.fleet.contract import (
    Delivery,
    DeliveryArrivedAtPickup,
    DeliveryCompleted,
    DeliveryPickedUp,
    DeliveryStatus,
)
from modules.puabo_nexus.fleet.domain.progress import ORDER

_INSTANT_OF: dict[DeliveryStatus, str] = {
    "at_pickup": "arrived_at",
    "picked_up": "picked_up_at",
    "delivered": "delivered_at",
}


def passed(delivery: Delivery, statuses: tuple[DeliveryStatus, ...], at: datetime) -> Delivery:
    """The delivery after it has passed through statuses at an instant."""
    instants = {_INSTANT_OF[status]: at for status in statuses}
    return replace(delivery, status=statuses[-1], **instants)


def taken_back(delivery: Delivery, to: DeliveryStatus) -> Delivery:
    """The delivery as if it had passed through nothing behind a status."""
    later = ORDER[ORDER.index(to) + 1 :]
    return replace(delivery, status=to, **{instant: None for status, instant in _INSTANT_OF.items() if status in later})


def news_of(delivery: Delivery, status: DeliveryStatus, at: datetime) -> Event:
    """The event that a delivery passed through a status.

    Raises:
        ValueError: the status is none that a vehicle's crossing leads to, or no vehicle carries the delivery.
    """
    if delivery.vehicle_id is None or delivery.driver_id is None:
        raise ValueError(f"Delivery {delivery.delivery_id} is carried by nobody, so nobody can have been seen with it.")
    delivery_id, vehicle_id, driver_id = delivery.delivery_id, delivery.vehicle_id, delivery.driver_id
    match status:
        case "at_pickup":
            return DeliveryArrivedAtPickup(delivery_id=delivery_id, vehicle_id=vehicle_id, driver_id=driver_id, arrived_at=at)
        case "picked_up":
            return DeliveryPickedUp(delivery_id=delivery_id, vehicle_id=vehicle_id, driver_id=driver_id, picked_up_at=at)
        case "delivered":
            return DeliveryCompleted(delivery_id=delivery_id, vehicle_id=vehicle_id, driver_id=driver_id, delivered_at=at)
        case _:
            raise ValueError(f"No crossing leads to the status {status!r}.")
