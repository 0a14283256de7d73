"""Vehicles, from registration to retirement."""

from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from msgspec.structs import replace

from bus import Refusal, new_id
from modules.puabo_nexus import fleet as fleet_package
from modules.puabo_nexus.fleet.contract import (
    ChangeVehicle,
    RegisterVehicle,
    RetireVehicle,
    Vehicle,
    VehicleChanged,
    VehicleRegistered,
    VehicleRetired,
)
from modules.puabo_nexus.fleet.tables import VEHICLES
from nexus_actors.testing import Desk
from tests.modules.puabo_nexus.fleet.yard import NOON, At, a_vehicle

pytestmark = pytest.mark.anyio

_WAITING = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"


async def stored(fleet: Desk, vehicle: Vehicle, tenant: str = "") -> Vehicle | None:
    return await VEHICLES.get(At(fleet.db, tenant or fleet.tenant), vehicle.vehicle_id)


async def test_a_registered_vehicle_is_kept_in_its_normal_form(fleet: Desk) -> None:
    vehicle_id = new_id()

    vehicle = await fleet.ask(
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
    assert await stored(fleet, vehicle) == vehicle
    assert fleet.take() == [VehicleRegistered(vehicle_id=vehicle_id, plate="ZG 1234 AB", device_id="imei-1")]


async def test_all_that_is_wrong_is_said_at_once_and_nothing_is_kept(fleet: Desk) -> None:
    command = RegisterVehicle(vehicle_id=new_id(), plate="_", vin="1M8GDM9A1KP042788", device_id="a b")

    refusal = await fleet.refusal_of(command)

    assert (refusal.kind, refusal.code) == ("invalid", "invalid_vehicle")
    assert [error.field for error in refusal.errors] == ["$.plate", "$.vin", "$.device_id"]
    assert await VEHICLES.get(fleet, command.vehicle_id) is None


async def test_an_id_is_used_once(fleet: Desk) -> None:
    vehicle = await a_vehicle(fleet, "A 1")

    refusal = await fleet.refusal_of(RegisterVehicle(vehicle_id=vehicle.vehicle_id, plate="B 2"))

    assert (refusal.kind, refusal.code) == ("conflict", "vehicle_exists")
    assert await stored(fleet, vehicle) == vehicle


async def test_plate_and_device_belong_to_one_active_vehicle(fleet: Desk) -> None:
    first = await a_vehicle(fleet, "A 1", device_id="one")

    plate = await fleet.refusal_of(RegisterVehicle(vehicle_id=new_id(), plate="a  1", device_id="two"))
    device = await fleet.refusal_of(RegisterVehicle(vehicle_id=new_id(), plate="B 2", device_id="one"))
    await fleet.ask(RetireVehicle(vehicle_id=first.vehicle_id))
    second = await a_vehicle(fleet, "A 1", device_id="one")

    assert (plate.kind, plate.code) == ("conflict", "plate_taken")
    assert (device.kind, device.code) == ("conflict", "device_taken")
    assert second.plate == first.plate


async def test_vehicles_without_a_device_do_not_stand_in_each_others_way(fleet: Desk) -> None:
    assert (await a_vehicle(fleet, "A 1")).device_id is (await a_vehicle(fleet, "B 2")).device_id is None


async def test_two_tenants_share_nothing(fleet: Desk) -> None:
    other = f"other-{new_id()}"
    ours = await a_vehicle(fleet, "A 1", device_id="one")
    theirs = await a_vehicle(fleet, "A 1", device_id="one", tenant=other)

    assert await stored(fleet, ours, other) is None
    assert await stored(fleet, theirs, other) == theirs
    for command in (ChangeVehicle(vehicle_id=ours.vehicle_id, plate="X"), RetireVehicle(vehicle_id=ours.vehicle_id)):
        refusal = await fleet.refusal_of(command, tenant=other)
        assert (refusal.kind, refusal.code) == ("not_found", "vehicle_not_found")
    assert await stored(fleet, ours) == ours


async def test_of_many_who_want_a_plate_at_once_one_gets_it(fleet: Desk) -> None:
    answers = await fleet.at_once(*(RegisterVehicle(vehicle_id=new_id(), plate="A 1") for _ in range(20)))

    (vehicle,) = [answer for answer in answers if isinstance(answer, Vehicle)]
    assert [answer.code for answer in answers if isinstance(answer, Refusal)] == ["plate_taken"] * 19
    assert [event.key_of() for event in fleet.take()] == [str(vehicle.vehicle_id)]


async def taken_meanwhile(fleet: Desk, command: RegisterVehicle | ChangeVehicle) -> Refusal:
    """How a command is refused whose plate A 1 another worker commits between its check and its writing."""
    answers: list[object] = []
    other = fleet.transaction()
    other.insert("vehicles", tenant=fleet.tenant, vehicle_id=new_id(), plate="A 1", registered_at=NOON)
    await other.fetch("SELECT")

    async def ask() -> None:
        answers.append((await fleet.at_once(command))[0])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        while not await fleet.db.fetchval(_WAITING):  # noqa: ASYNC110 - only PostgreSQL knows when it waits
            await anyio.sleep(0.01)
        await other.commit()
    (refusal,) = answers
    assert isinstance(refusal, Refusal)
    return refusal


async def test_a_plate_that_is_taken_between_check_and_writing_is_refused(fleet: Desk) -> None:
    command = RegisterVehicle(vehicle_id=new_id(), plate="A 1")

    assert (await taken_meanwhile(fleet, command)).code == "plate_taken"
    assert await VEHICLES.get(fleet, command.vehicle_id) is None


async def test_a_change_to_a_plate_that_is_taken_meanwhile_is_refused(fleet: Desk) -> None:
    vehicle = await a_vehicle(fleet, "B 2")
    fleet.take()

    refusal = await taken_meanwhile(fleet, ChangeVehicle(vehicle_id=vehicle.vehicle_id, plate="A 1"))

    assert refusal.code == "plate_taken"
    assert fleet.take() == []
    assert await stored(fleet, vehicle) == vehicle


async def test_a_change_replaces_what_is_given_and_clears_what_is_null(fleet: Desk) -> None:
    old = await fleet.ask(RegisterVehicle(vehicle_id=new_id(), plate="A 1", vin="WVWZZZ1JZ3W386752", device_id="one"))
    fleet.take()

    new = await fleet.ask(ChangeVehicle(vehicle_id=old.vehicle_id, expected_version=1, plate="b 2", device_id=None))

    assert new == replace(old, plate="B 2", device_id=None, version=2)
    assert await stored(fleet, old) == new
    assert fleet.take() == [VehicleChanged(vehicle_id=old.vehicle_id, plate="B 2", device_id=None)]


async def test_a_change_of_nothing_changes_nothing(fleet: Desk) -> None:
    vehicle = await a_vehicle(fleet, "A 1")
    fleet.take()

    assert await fleet.ask(ChangeVehicle(vehicle_id=vehicle.vehicle_id)) == vehicle
    assert await fleet.ask(ChangeVehicle(vehicle_id=vehicle.vehicle_id, plate="a 1")) == vehicle
    assert fleet.take() == []


async def test_a_change_of_what_has_moved_on_is_refused(fleet: Desk) -> None:
    vehicle = await a_vehicle(fleet, "A 1")
    await fleet.ask(ChangeVehicle(vehicle_id=vehicle.vehicle_id, plate="B 2"))

    for command in (
        ChangeVehicle(vehicle_id=vehicle.vehicle_id, expected_version=1, plate="C 3"),
        RetireVehicle(vehicle_id=vehicle.vehicle_id, expected_version=1),
    ):
        refusal = await fleet.refusal_of(command)
        assert (refusal.kind, refusal.code) == ("precondition", "version_mismatch")
        assert "at version 2, not 1" in refusal.detail


async def test_a_change_cannot_take_what_another_has(fleet: Desk) -> None:
    await a_vehicle(fleet, "A 1", device_id="one")
    vehicle = await a_vehicle(fleet, "B 2")

    plate = await fleet.refusal_of(ChangeVehicle(vehicle_id=vehicle.vehicle_id, plate="A 1"))
    device = await fleet.refusal_of(ChangeVehicle(vehicle_id=vehicle.vehicle_id, device_id="one"))
    wrong = await fleet.refusal_of(ChangeVehicle(vehicle_id=vehicle.vehicle_id, plate=" "))

    assert (plate.code, device.code, wrong.code) == ("plate_taken", "device_taken", "invalid_vehicle")
    assert await stored(fleet, vehicle) == vehicle


async def test_a_retired_vehicle_stays_readable_and_cannot_be_changed(fleet: Desk) -> None:
    vehicle = await a_vehicle(fleet, "A 1")
    fleet.take()

    retired = await fleet.ask(RetireVehicle(vehicle_id=vehicle.vehicle_id))

    assert retired == replace(vehicle, status="retired", version=2)
    assert await stored(fleet, vehicle) == retired
    assert fleet.take() == [VehicleRetired(vehicle_id=vehicle.vehicle_id)]
    for command in (ChangeVehicle(vehicle_id=vehicle.vehicle_id, plate="X"), RetireVehicle(vehicle_id=vehicle.vehicle_id)):
        assert (await fleet.refusal_of(command)).code == "vehicle_retired"


async def test_pages_join_up_and_keep_to_a_status(fleet: Desk) -> None:
    vehicles = []
    for number in range(5):
        vehicles.append(await a_vehicle(fleet, f"A {number}"))
        await fleet.advance(60 * (number % 2))  # some join at the same instant
    await a_vehicle(fleet, "A 0", tenant=f"other-{new_id()}")
    retired = await fleet.ask(RetireVehicle(vehicle_id=vehicles[2].vehicle_id))

    first = await VEHICLES.page(fleet, {}, limit=2)
    rest = await VEHICLES.page(fleet, {}, after=VEHICLES.cursor(first[-1]), limit=9)

    in_order = sorted([*vehicles[:2], retired, *vehicles[3:]], key=lambda vehicle: (vehicle.registered_at, vehicle.vehicle_id))
    assert [*first, *rest] == in_order
    assert await VEHICLES.page(fleet, {"status": "retired"}, limit=9) == [retired]
    assert len(await VEHICLES.page(fleet, {"status": "active"}, limit=9)) == 4


@pytest.mark.parametrize("plate", ["ZG1234AB", "zg 1234 ab", "Z-G 12.34 AB", "ZG 1234-АB"])
async def test_a_plate_that_is_written_otherwise_is_the_same_one(fleet: Desk, plate: str) -> None:
    first = await a_vehicle(fleet, "ZG 1234-AB")
    second = await a_vehicle(fleet, "ZG 2")
    assert (await fleet.refusal_of(RegisterVehicle(vehicle_id=new_id(), plate=plate))).code == "plate_taken"
    assert (await fleet.refusal_of(ChangeVehicle(vehicle_id=second.vehicle_id, plate=plate))).code == "plate_taken"
    changed = await fleet.ask(ChangeVehicle(vehicle_id=first.vehicle_id, plate=plate))
    assert changed.plate != first.plate
    await fleet.ask(RetireVehicle(vehicle_id=first.vehicle_id))
    assert (await fleet.ask(ChangeVehicle(vehicle_id=second.vehicle_id, plate=plate))).plate == changed.plate


async def test_plates_that_were_the_same_before_they_were_compared_stay(fleet: Desk) -> None:
    """The migration gives the mark to the first one; the other has none, and is refused nothing."""
    migration = (Path(fleet_package.__file__).parent / "migrations" / "0003_plate_marks.sql").read_text()
    update = migration[migration.index("WITH marked") : migration.index("CREATE UNIQUE INDEX")]
    other = fleet.transaction()
    rows = [("A 1-Х", "active"), ("A1X", "active"), ("A-1 X", "retired"), ("B 2", "active")]
    vehicles = {}
    for number, (plate, status) in enumerate(rows):
        vehicles[plate] = new_id()
        at = NOON + timedelta(seconds=number)
        other.insert("vehicles", tenant=fleet.tenant, vehicle_id=vehicles[plate], plate=plate, status=status, registered_at=at)
    await other.execute(update)
    await other.commit()
    marks = await fleet.db.fetch(
        "SELECT plate, plate_mark FROM vehicles WHERE tenant = $1 ORDER BY registered_at", fleet.tenant
    )
    assert [row["plate_mark"] for row in marks] == ["A1X", None, "A1X", "B2"]
    left = vehicles["A1X"]
    assert (await fleet.ask(ChangeVehicle(vehicle_id=left, vin="WVWZZZ1JZ3W386752"))).plate == "A1X"
    assert (await fleet.refusal_of(RegisterVehicle(vehicle_id=new_id(), plate="A1X"))).code == "plate_taken"
    assert (await fleet.ask(ChangeVehicle(vehicle_id=left, plate="C 3"))).plate == "C 3"
    assert (await fleet.refusal_of(RegisterVehicle(vehicle_id=new_id(), plate="C3"))).code == "plate_taken"
