"""Who drives what: one driver on one vehicle, whoever asks at once."""

from collections import Counter
from typing import Any
from uuid import UUID

import anyio
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
from tests.modules.puabo_nexus.fleet.desk import NOON, Desk

pytestmark = pytest.mark.anyio

Asked = Command[Any]


def assignment(delivery: Delivery, vehicle: Vehicle, driver: Driver) -> AssignDelivery:
    return AssignDelivery(delivery_id=delivery.delivery_id, vehicle_id=vehicle.vehicle_id, driver_id=driver.driver_id)


async def code_of(desk: Desk, command: Asked) -> str:
    """The code of the refusal, or ``done``."""
    try:
        await desk.ask(command)
    except Refusal as refusal:
        return refusal.code
    return "done"


async def all_at_once(desk: Desk, *commands: Asked) -> Counter[str]:
    codes: list[str] = []

    async def ask(command: Asked) -> None:
        codes.append(await code_of(desk, command))

    async with anyio.create_task_group() as tasks:
        for command in commands:
            tasks.start_soon(ask, command)
    return Counter(codes)


async def pairs(desk: Desk) -> set[tuple[UUID, UUID]]:
    rows = await desk.db.fetch("SELECT vehicle_id, driver_id FROM engagements")
    return {(row["vehicle_id"], row["driver_id"]) for row in rows}


async def deliver(desk: Desk, delivery: Delivery, vehicle: Vehicle) -> None:
    for place in ("pickup", "dropoff"):
        event = DeliveryPlaceReached(
            delivery_id=delivery.delivery_id, vehicle_id=vehicle.vehicle_id, place=place, crossed_at=NOON
        )
        await desk.hear(event)


async def test_a_vehicle_carries_several_deliveries_with_one_driver(desk: Desk) -> None:
    van, ana, eva = await desk.vehicle(), await desk.driver("Ana"), await desk.driver("Eva")
    deliveries = [await desk.delivery() for _ in range(3)]

    assert await code_of(desk, assignment(deliveries[0], van, ana)) == "done"
    assert await code_of(desk, assignment(deliveries[1], van, ana)) == "done"
    assert await code_of(desk, assignment(deliveries[2], van, eva)) == "vehicle_engaged"
    assert await pairs(desk) == {(van.vehicle_id, ana.driver_id)}


async def test_a_driver_drives_one_vehicle(desk: Desk) -> None:
    van, truck, ana = await desk.vehicle("A 1"), await desk.vehicle("B 2"), await desk.driver()
    first, second = await desk.delivery(), await desk.delivery()

    assert await code_of(desk, assignment(first, van, ana)) == "done"
    assert await code_of(desk, assignment(second, truck, ana)) == "driver_engaged"


async def test_the_last_delivery_that_ends_parts_them(desk: Desk) -> None:
    van, truck, ana = await desk.vehicle("A 1"), await desk.vehicle("B 2"), await desk.driver()
    first, second, third = [await desk.delivery() for _ in range(3)]
    await desk.ask(assignment(first, van, ana))
    await desk.ask(assignment(second, van, ana))

    await deliver(desk, first, van)
    still = await pairs(desk)
    await desk.ask(CancelDelivery(delivery_id=second.delivery_id, reason="lost"))

    assert still == {(van.vehicle_id, ana.driver_id)}
    assert await pairs(desk) == set()
    assert await code_of(desk, assignment(third, truck, ana)) == "done"


async def test_who_is_not_there_or_retired_carries_nothing(desk: Desk) -> None:
    van, ana, delivery = await desk.vehicle("A 1"), await desk.driver(), await desk.delivery()
    gone, left = await desk.vehicle("B 2"), await desk.driver()
    foreign = await desk.vehicle("A 1", tenant="other")
    await desk.ask(RetireVehicle(vehicle_id=gone.vehicle_id))
    await desk.ask(RetireDriver(driver_id=left.driver_id))
    desk.take()

    assert await code_of(desk, assignment(delivery, gone, ana)) == "vehicle_retired"
    assert await code_of(desk, assignment(delivery, van, left)) == "driver_retired"
    assert await code_of(desk, assignment(delivery, foreign, ana)) == "vehicle_not_found"
    unknown = AssignDelivery(delivery_id=delivery.delivery_id, vehicle_id=van.vehicle_id, driver_id=new_id())
    assert await code_of(desk, unknown) == "driver_not_found"
    assert await pairs(desk) == set()
    assert desk.take() == []


async def test_who_carries_something_cannot_be_retired(desk: Desk) -> None:
    van, ana, delivery = await desk.vehicle(), await desk.driver(), await desk.delivery()
    await desk.ask(assignment(delivery, van, ana))
    retire_van, retire_ana = RetireVehicle(vehicle_id=van.vehicle_id), RetireDriver(driver_id=ana.driver_id)

    assert await code_of(desk, retire_van) == "vehicle_in_use"
    assert await code_of(desk, retire_ana) == "driver_in_use"
    await deliver(desk, delivery, van)
    assert await code_of(desk, retire_van) == "done"
    assert await code_of(desk, retire_ana) == "done"


async def test_of_many_who_want_a_driver_at_once_one_vehicle_gets_them(desk: Desk) -> None:
    ana = await desk.driver()
    vehicles = [await desk.vehicle(f"A {number}") for number in range(12)]
    deliveries = [await desk.delivery() for _ in vehicles]

    codes = await all_at_once(
        desk, *(assignment(delivery, vehicle, ana) for delivery, vehicle in zip(deliveries, vehicles, strict=True))
    )

    assert codes == {"done": 1, "driver_engaged": 11}
    assert len(await pairs(desk)) == 1


async def test_of_many_who_want_a_vehicle_at_once_one_driver_gets_it(desk: Desk) -> None:
    van = await desk.vehicle()
    drivers = [await desk.driver() for _ in range(12)]
    deliveries = [await desk.delivery() for _ in drivers]

    codes = await all_at_once(
        desk, *(assignment(delivery, van, driver) for delivery, driver in zip(deliveries, drivers, strict=True))
    )

    assert codes == {"done": 1, "vehicle_engaged": 11}


async def test_crosswise_assignments_end_without_a_deadlock(desk: Desk) -> None:
    vehicles = [await desk.vehicle(f"A {number}") for number in range(4)]
    drivers = [await desk.driver() for _ in vehicles]
    commands = [assignment(await desk.delivery(), vehicle, driver) for vehicle in vehicles for driver in drivers]

    codes = await all_at_once(desk, *commands)
    found = await pairs(desk)

    assert codes["done"] == len(found)
    assert codes["done"] >= 1
    assert set(codes) <= {"done", "vehicle_engaged", "driver_engaged"}
    assert len({vehicle for vehicle, _ in found}) == len({driver for _, driver in found}) == len(found)


@pytest.mark.parametrize("attempt", range(5))
async def test_assigning_and_retiring_at_once_end_one_way_or_the_other(desk: Desk, attempt: int) -> None:
    van, ana = await desk.vehicle(), await desk.driver()
    commands: list[Asked] = [assignment(await desk.delivery(), van, ana), RetireVehicle(vehicle_id=van.vehicle_id)]

    codes = await all_at_once(desk, *(commands if attempt % 2 else reversed(commands)))

    assert codes in ({"done": 1, "vehicle_in_use": 1}, {"done": 1, "vehicle_retired": 1})
    assert len(await pairs(desk)) == codes["vehicle_in_use"]


async def test_the_last_end_and_a_new_assignment_at_once_leave_them_together_only_if_needed(desk: Desk) -> None:
    van, ana = await desk.vehicle(), await desk.driver()
    old = [await desk.delivery() for _ in range(6)]
    new = [await desk.delivery() for _ in range(6)]
    for delivery in old:
        await desk.ask(assignment(delivery, van, ana))

    codes = await all_at_once(
        desk,
        *(CancelDelivery(delivery_id=delivery.delivery_id, reason="over") for delivery in old),
        *(assignment(delivery, van, ana) for delivery in new),
    )

    assert codes == {"done": 12}
    assert await pairs(desk) == {(van.vehicle_id, ana.driver_id)}
    await all_at_once(desk, *(CancelDelivery(delivery_id=delivery.delivery_id, reason="over") for delivery in new))
    assert await pairs(desk) == set()
