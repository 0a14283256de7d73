"""Who drives what: one driver on one vehicle, whoever asks at once."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from bus import Command, Refusal, new_id
from modules.puabo_nexus.fleet.contract import (
    AssignDelivery,
    CancelDelivery,
    Delivery,
    Driver,
    RetireDriver,
    RetireVehicle,
    Vehicle,
)
from modules.puabo_nexus.location.contract import DeliveryPlaceReached
from nexus_actors.testing import Desk
from tests.modules.puabo_nexus.fleet.yard import NOON, a_delivery, a_driver, a_vehicle

pytestmark = pytest.mark.anyio

Asked = Command[Any]


def assignment(delivery: Delivery, vehicle: Vehicle, driver: Driver) -> AssignDelivery:
    return AssignDelivery(delivery_id=delivery.delivery_id, vehicle_id=vehicle.vehicle_id, driver_id=driver.driver_id)


async def code_of(fleet: Desk, command: Asked) -> str:
    """The code of the refusal, or ``done``."""
    try:
        await fleet.ask(command)
    except Refusal as refusal:
        return refusal.code
    return "done"


async def all_at_once(fleet: Desk, *commands: Asked) -> Counter[str]:
    answers = await fleet.at_once(*commands)
    return Counter(answer.code if isinstance(answer, Refusal) else "done" for answer in answers)


async def pairs(fleet: Desk) -> set[tuple[UUID, UUID]]:
    rows = await fleet.db.fetch("SELECT vehicle_id, driver_id FROM engagements WHERE tenant = $1", fleet.tenant)
    return {(row["vehicle_id"], row["driver_id"]) for row in rows}


async def deliver(fleet: Desk, delivery: Delivery, vehicle: Vehicle) -> None:
    for place in ("pickup", "dropoff"):
        event = DeliveryPlaceReached(
            delivery_id=delivery.delivery_id, vehicle_id=vehicle.vehicle_id, place=place, crossed_at=NOON
        )
        await fleet.publish(event)


async def test_a_vehicle_carries_several_deliveries_with_one_driver(fleet: Desk) -> None:
    van, ana, eva = await a_vehicle(fleet), await a_driver(fleet, "Ana"), await a_driver(fleet, "Eva")
    deliveries = [await a_delivery(fleet) for _ in range(3)]

    assert await code_of(fleet, assignment(deliveries[0], van, ana)) == "done"
    assert await code_of(fleet, assignment(deliveries[1], van, ana)) == "done"
    assert await code_of(fleet, assignment(deliveries[2], van, eva)) == "vehicle_engaged"
    assert await pairs(fleet) == {(van.vehicle_id, ana.driver_id)}


async def test_a_driver_drives_one_vehicle(fleet: Desk) -> None:
    van, truck, ana = await a_vehicle(fleet, "A 1"), await a_vehicle(fleet, "B 2"), await a_driver(fleet)
    first, second = await a_delivery(fleet), await a_delivery(fleet)

    assert await code_of(fleet, assignment(first, van, ana)) == "done"
    assert await code_of(fleet, assignment(second, truck, ana)) == "driver_engaged"


async def test_the_last_delivery_that_ends_parts_them(fleet: Desk) -> None:
    van, truck, ana = await a_vehicle(fleet, "A 1"), await a_vehicle(fleet, "B 2"), await a_driver(fleet)
    first, second, third = [await a_delivery(fleet) for _ in range(3)]
    await fleet.ask(assignment(first, van, ana))
    await fleet.ask(assignment(second, van, ana))

    await deliver(fleet, first, van)
    still = await pairs(fleet)
    await fleet.ask(CancelDelivery(delivery_id=second.delivery_id, reason="lost"))

    assert still == {(van.vehicle_id, ana.driver_id)}
    assert await pairs(fleet) == set()
    assert await code_of(fleet, assignment(third, truck, ana)) == "done"


async def test_who_is_not_there_or_retired_carries_nothing(fleet: Desk) -> None:
    van, ana, delivery = await a_vehicle(fleet, "A 1"), await a_driver(fleet), await a_delivery(fleet)
    gone, left = await a_vehicle(fleet, "B 2"), await a_driver(fleet)
    foreign = await a_vehicle(fleet, "A 1", tenant=f"other-{new_id()}")
    await fleet.ask(RetireVehicle(vehicle_id=gone.vehicle_id))
    await fleet.ask(RetireDriver(driver_id=left.driver_id))
    fleet.take()

    assert await code_of(fleet, assignment(delivery, gone, ana)) == "vehicle_retired"
    assert await code_of(fleet, assignment(delivery, van, left)) == "driver_retired"
    assert await code_of(fleet, assignment(delivery, foreign, ana)) == "vehicle_not_found"
    unknown = AssignDelivery(delivery_id=delivery.delivery_id, vehicle_id=van.vehicle_id, driver_id=new_id())
    assert await code_of(fleet, unknown) == "driver_not_found"
    assert await pairs(fleet) == set()
    assert fleet.take() == []


async def test_who_carries_something_cannot_be_retired(fleet: Desk) -> None:
    van, ana, delivery = await a_vehicle(fleet), await a_driver(fleet), await a_delivery(fleet)
    await fleet.ask(assignment(delivery, van, ana))
    retire_van, retire_ana = RetireVehicle(vehicle_id=van.vehicle_id), RetireDriver(driver_id=ana.driver_id)

    assert await code_of(fleet, retire_van) == "vehicle_in_use"
    assert await code_of(fleet, retire_ana) == "driver_in_use"
    await deliver(fleet, delivery, van)
    assert await code_of(fleet, retire_van) == "done"
    assert await code_of(fleet, retire_ana) == "done"


async def test_of_many_who_want_a_driver_at_once_one_vehicle_gets_them(fleet: Desk) -> None:
    ana = await a_driver(fleet)
    vehicles = [await a_vehicle(fleet, f"A {number}") for number in range(12)]
    deliveries = [await a_delivery(fleet) for _ in vehicles]

    codes = await all_at_once(
        fleet, *(assignment(delivery, vehicle, ana) for delivery, vehicle in zip(deliveries, vehicles, strict=True))
    )

    assert codes == {"done": 1, "driver_engaged": 11}
    assert len(await pairs(fleet)) == 1


async def test_of_many_who_want_a_vehicle_at_once_one_driver_gets_it(fleet: Desk) -> None:
    van = await a_vehicle(fleet)
    drivers = [await a_driver(fleet) for _ in range(12)]
    deliveries = [await a_delivery(fleet) for _ in drivers]

    codes = await all_at_once(
        fleet, *(assignment(delivery, van, driver) for delivery, driver in zip(deliveries, drivers, strict=True))
    )

    assert codes == {"done": 1, "vehicle_engaged": 11}


async def test_crosswise_assignments_end_without_a_deadlock(fleet: Desk) -> None:
    vehicles = [await a_vehicle(fleet, f"A {number}") for number in range(4)]
    drivers = [await a_driver(fleet) for _ in vehicles]
    commands = [assignment(await a_delivery(fleet), vehicle, driver) for vehicle in vehicles for driver in drivers]

    codes = await all_at_once(fleet, *commands)
    found = await pairs(fleet)

    assert codes["done"] == len(found)
    assert codes["done"] >= 1
    assert set(codes) <= {"done", "vehicle_engaged", "driver_engaged"}
    assert len({vehicle for vehicle, _ in found}) == len({driver for _, driver in found}) == len(found)


@pytest.mark.parametrize("attempt", range(5))
async def test_assigning_and_retiring_at_once_end_one_way_or_the_other(fleet: Desk, attempt: int) -> None:
    van, ana = await a_vehicle(fleet), await a_driver(fleet)
    commands: list[Asked] = [assignment(await a_delivery(fleet), van, ana), RetireVehicle(vehicle_id=van.vehicle_id)]

    codes = await all_at_once(fleet, *(commands if attempt % 2 else reversed(commands)))

    assert codes in ({"done": 1, "vehicle_in_use": 1}, {"done": 1, "vehicle_retired": 1})
    assert len(await pairs(fleet)) == codes["vehicle_in_use"]


async def test_the_last_end_and_a_new_assignment_at_once_leave_them_together_only_if_needed(fleet: Desk) -> None:
    van, ana = await a_vehicle(fleet), await a_driver(fleet)
    old = [await a_delivery(fleet) for _ in range(6)]
    new = [await a_delivery(fleet) for _ in range(6)]
    for delivery in old:
        await fleet.ask(assignment(delivery, van, ana))

    codes = await all_at_once(
        fleet,
        *(CancelDelivery(delivery_id=delivery.delivery_id, reason="over") for delivery in old),
        *(assignment(delivery, van, ana) for delivery in new),
    )

    assert codes == {"done": 12}
    assert await pairs(fleet) == {(van.vehicle_id, ana.driver_id)}
    await all_at_once(fleet, *(CancelDelivery(delivery_id=delivery.delivery_id, reason="over") for delivery in new))
    assert await pairs(fleet) == set()
