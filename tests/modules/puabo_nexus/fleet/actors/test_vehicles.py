"""Vehicles, from registration to retirement."""

import anyio
import pytest
from asyncpg import PostgresError, UniqueViolationError
from msgspec.structs import replace

from bus import Refusal, new_id
from modules.puabo_nexus.fleet.contract import (
    ChangeVehicle,
    RegisterVehicle,
    RetireVehicle,
    Vehicle,
    VehicleChanged,
    VehicleRegistered,
    VehicleRetired,
)
from modules.puabo_nexus.fleet.queries import vehicles as queries
from modules.puabo_nexus.fleet.queries.cursor import AgeCursor
from tests.modules.puabo_nexus.fleet.desk import NOON, Desk

pytestmark = pytest.mark.anyio


async def stored(desk: Desk, vehicle: Vehicle, tenant: str = "main") -> Vehicle | None:
    return await queries.vehicle(desk.db, tenant, vehicle.vehicle_id)


async def refusal_of(desk: Desk, command: RegisterVehicle | ChangeVehicle | RetireVehicle, tenant: str = "main") -> Refusal:
    desk.take()
    with pytest.raises(Refusal) as caught:
        await desk.ask(command, tenant)
    assert desk.take() == []
    return caught.value


async def test_a_registered_vehicle_is_kept_in_its_normal_form(desk: Desk) -> None:
    vehicle_id = new_id()

    vehicle = await desk.ask(
        RegisterVehicle(vehicle_id=vehicle_id, plate=" zg  1234 ab", vin="1m8gdm9axkp042788", device_id="imei-1")
    )

    assert vehicle == Vehicle(
        vehicle_id=vehicle_id,
        plate="ZG 1234 AB",
        vin="1M8GDM9AXKP042788",
        device_id="imei-1",
        status="active",
        motion="idle",
        odometer_m=0,
        registered_at=NOON,
        version=1,
    )
    assert await stored(desk, vehicle) == vehicle
    assert desk.take() == [VehicleRegistered(vehicle_id=vehicle_id, plate="ZG 1234 AB", device_id="imei-1")]


async def test_all_that_is_wrong_is_said_at_once_and_nothing_is_kept(desk: Desk) -> None:
    command = RegisterVehicle(vehicle_id=new_id(), plate="_", vin="1M8GDM9A1KP042788", device_id="a b")

    refusal = await refusal_of(desk, command)

    assert (refusal.kind, refusal.code) == ("invalid", "invalid_vehicle")
    assert [error.field for error in refusal.errors] == ["$.plate", "$.vin", "$.device_id"]
    assert await queries.vehicle(desk.db, "main", command.vehicle_id) is None


async def test_an_id_is_used_once(desk: Desk) -> None:
    vehicle = await desk.vehicle("A 1")

    refusal = await refusal_of(desk, RegisterVehicle(vehicle_id=vehicle.vehicle_id, plate="B 2"))

    assert (refusal.kind, refusal.code) == ("conflict", "vehicle_exists")
    assert await stored(desk, vehicle) == vehicle


async def test_plate_and_device_belong_to_one_active_vehicle(desk: Desk) -> None:
    first = await desk.vehicle("A 1", device_id="one")

    plate = await refusal_of(desk, RegisterVehicle(vehicle_id=new_id(), plate="a  1", device_id="two"))
    device = await refusal_of(desk, RegisterVehicle(vehicle_id=new_id(), plate="B 2", device_id="one"))
    await desk.ask(RetireVehicle(vehicle_id=first.vehicle_id))
    second = await desk.vehicle("A 1", device_id="one")

    assert (plate.kind, plate.code) == ("conflict", "plate_taken")
    assert (device.kind, device.code) == ("conflict", "device_taken")
    assert second.plate == first.plate


async def test_vehicles_without_a_device_do_not_stand_in_each_others_way(desk: Desk) -> None:
    assert (await desk.vehicle("A 1")).device_id is (await desk.vehicle("B 2")).device_id is None


async def test_two_tenants_share_nothing(desk: Desk) -> None:
    ours = await desk.vehicle("A 1", device_id="one")
    theirs = await desk.vehicle("A 1", device_id="one", tenant="other")

    assert await stored(desk, ours, "other") is None
    assert await stored(desk, theirs, "other") == theirs
    for command in (ChangeVehicle(vehicle_id=ours.vehicle_id, plate="X"), RetireVehicle(vehicle_id=ours.vehicle_id)):
        refusal = await refusal_of(desk, command, "other")
        assert (refusal.kind, refusal.code) == ("not_found", "vehicle_not_found")
    assert await stored(desk, ours) == ours


async def test_of_many_who_want_a_plate_at_once_one_gets_it(desk: Desk) -> None:
    codes: list[str] = []

    async def register() -> None:
        try:
            await desk.ask(RegisterVehicle(vehicle_id=new_id(), plate="A 1"))
        except Refusal as refusal:
            codes.append(refusal.code)

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(register)

    assert codes == ["plate_taken"] * 19
    assert len(desk.take()) == 1


async def taken_meanwhile(desk: Desk, command: RegisterVehicle | ChangeVehicle) -> list[Exception]:
    """What a command raises whose plate A 1 another worker commits between its check and its writing."""
    raised: list[Exception] = []
    other = desk.transaction()
    await other.execute(
        "INSERT INTO vehicles (tenant, vehicle_id, plate, registered_at) VALUES ('main', $1, 'A 1', $2)", new_id(), NOON
    )

    async def ask() -> None:
        try:
            await desk.ask(command)
        except (Refusal, PostgresError) as error:
            raised.append(error)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        while not await desk.is_anybody_waiting():  # noqa: ASYNC110 - only PostgreSQL knows when it waits
            await anyio.sleep(0.01)
        await other.commit()
    return raised


async def test_a_plate_that_is_taken_between_check_and_writing_is_refused(desk: Desk) -> None:
    (refusal,) = await taken_meanwhile(desk, RegisterVehicle(vehicle_id=new_id(), plate="A 1"))

    assert isinstance(refusal, Refusal)
    assert refusal.code == "plate_taken"


async def test_a_change_to_a_plate_that_is_taken_meanwhile_fails_and_its_repeat_is_refused(desk: Desk) -> None:
    vehicle = await desk.vehicle("B 2")
    change = ChangeVehicle(vehicle_id=vehicle.vehicle_id, plate="A 1")

    (fault,) = await taken_meanwhile(desk, change)

    assert isinstance(fault, UniqueViolationError)
    assert (await refusal_of(desk, change)).code == "plate_taken"
    assert await stored(desk, vehicle) == vehicle


async def test_a_change_replaces_what_is_given_and_clears_what_is_null(desk: Desk) -> None:
    old = await desk.ask(RegisterVehicle(vehicle_id=new_id(), plate="A 1", vin="WVWZZZ1JZ3W386752", device_id="one"))
    desk.take()

    new = await desk.ask(ChangeVehicle(vehicle_id=old.vehicle_id, expected_version=1, plate="b 2", device_id=None))

    assert new == replace(old, plate="B 2", device_id=None, version=2)
    assert await stored(desk, old) == new
    assert desk.take() == [VehicleChanged(vehicle_id=old.vehicle_id, plate="B 2", device_id=None)]


async def test_a_change_of_nothing_changes_nothing(desk: Desk) -> None:
    vehicle = await desk.vehicle("A 1")
    desk.take()

    assert await desk.ask(ChangeVehicle(vehicle_id=vehicle.vehicle_id)) == vehicle
    assert await desk.ask(ChangeVehicle(vehicle_id=vehicle.vehicle_id, plate="a 1")) == vehicle
    assert desk.take() == []


async def test_a_change_of_what_has_moved_on_is_refused(desk: Desk) -> None:
    vehicle = await desk.vehicle("A 1")
    await desk.ask(ChangeVehicle(vehicle_id=vehicle.vehicle_id, plate="B 2"))

    for command in (
        ChangeVehicle(vehicle_id=vehicle.vehicle_id, expected_version=1, plate="C 3"),
        RetireVehicle(vehicle_id=vehicle.vehicle_id, expected_version=1),
    ):
        refusal = await refusal_of(desk, command)
        assert (refusal.kind, refusal.code) == ("precondition", "version_mismatch")


async def test_a_change_cannot_take_what_another_has(desk: Desk) -> None:
    await desk.vehicle("A 1", device_id="one")
    vehicle = await desk.vehicle("B 2")

    plate = await refusal_of(desk, ChangeVehicle(vehicle_id=vehicle.vehicle_id, plate="A 1"))
    device = await refusal_of(desk, ChangeVehicle(vehicle_id=vehicle.vehicle_id, device_id="one"))
    wrong = await refusal_of(desk, ChangeVehicle(vehicle_id=vehicle.vehicle_id, plate=" "))

    assert (plate.code, device.code, wrong.code) == ("plate_taken", "device_taken", "invalid_vehicle")
    assert await stored(desk, vehicle) == vehicle


async def test_a_retired_vehicle_stays_readable_and_cannot_be_changed(desk: Desk) -> None:
    vehicle = await desk.vehicle("A 1")
    desk.take()

    retired = await desk.ask(RetireVehicle(vehicle_id=vehicle.vehicle_id))

    assert retired == replace(vehicle, status="retired", version=2)
    assert await stored(desk, vehicle) == retired
    assert desk.take() == [VehicleRetired(vehicle_id=vehicle.vehicle_id)]
    for command in (ChangeVehicle(vehicle_id=vehicle.vehicle_id, plate="X"), RetireVehicle(vehicle_id=vehicle.vehicle_id)):
        assert (await refusal_of(desk, command)).code == "vehicle_retired"


async def test_pages_join_up_and_keep_to_a_status(desk: Desk) -> None:
    vehicles = []
    for number in range(5):
        vehicles.append(await desk.vehicle(f"A {number}"))
        desk.pass_time(number % 2)  # some join at the same instant
    await desk.vehicle("A 0", tenant="other")
    retired = await desk.ask(RetireVehicle(vehicle_id=vehicles[2].vehicle_id))

    first = await queries.vehicles(desk.db, "main", status=None, after=None, limit=2)
    rest = await queries.vehicles(
        desk.db, "main", status=None, after=AgeCursor(first[-1].registered_at, first[-1].vehicle_id), limit=9
    )

    in_order = sorted([*vehicles[:2], retired, *vehicles[3:]], key=lambda vehicle: (vehicle.registered_at, vehicle.vehicle_id))
    assert [*first, *rest] == in_order
    assert await queries.vehicles(desk.db, "main", status="retired", after=None, limit=9) == [retired]
    assert len(await queries.vehicles(desk.db, "main", status="active", after=None, limit=9)) == 4
