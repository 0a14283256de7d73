"""Drivers, from registration to retirement."""

import pytest
from msgspec.structs import replace

from bus import Refusal, new_id
from modules.puabo_nexus.fleet.contract import (
    ChangeDriver,
    Driver,
    DriverChanged,
    DriverRegistered,
    DriverRetired,
    RegisterDriver,
    RetireDriver,
)
from modules.puabo_nexus.fleet.queries import drivers as queries
from tests.modules.puabo_nexus.fleet.desk import NOON, Desk

pytestmark = pytest.mark.anyio


async def refusal_of(desk: Desk, command: RegisterDriver | ChangeDriver | RetireDriver, tenant: str = "main") -> Refusal:
    desk.take()
    with pytest.raises(Refusal) as caught:
        await desk.ask(command, tenant)
    assert desk.take() == []
    return caught.value


async def test_a_registered_driver_is_kept_in_normal_form(desk: Desk) -> None:
    driver_id = new_id()

    driver = await desk.ask(
        RegisterDriver(driver_id=driver_id, name=" Ana  Horvat ", phone="+385 (91) 234-5678", licence_number="hr-1234")
    )

    assert driver == Driver(
        driver_id=driver_id,
        name="Ana Horvat",
        phone="+385912345678",
        licence_number="HR-1234",
        status="active",
        registered_at=NOON,
        version=1,
    )
    assert await queries.driver(desk.db, "main", driver_id) == driver
    assert desk.take() == [DriverRegistered(driver_id=driver_id, name="Ana Horvat")]


async def test_all_that_is_wrong_is_said_at_once(desk: Desk) -> None:
    refusal = await refusal_of(desk, RegisterDriver(driver_id=new_id(), name="1", phone="091", licence_number="-"))

    assert (refusal.kind, refusal.code) == ("invalid", "invalid_driver")
    assert [error.field for error in refusal.errors] == ["$.name", "$.phone", "$.licence_number"]


async def test_an_id_is_used_once_and_a_name_as_often_as_people_have_it(desk: Desk) -> None:
    driver = await desk.driver("Ana")

    assert (await refusal_of(desk, RegisterDriver(driver_id=driver.driver_id, name="Eva"))).code == "driver_exists"
    assert (await desk.driver("Ana")).driver_id != driver.driver_id


async def test_a_change_replaces_what_is_given_and_clears_what_is_null(desk: Desk) -> None:
    old = await desk.ask(RegisterDriver(driver_id=new_id(), name="Ana", phone="+385912345678", licence_number="L1"))
    desk.take()

    new = await desk.ask(ChangeDriver(driver_id=old.driver_id, expected_version=1, name="Ana Horvat", phone=None))

    assert new == replace(old, name="Ana Horvat", phone=None, version=2)
    assert await queries.driver(desk.db, "main", old.driver_id) == new
    assert desk.take() == [DriverChanged(driver_id=old.driver_id, name="Ana Horvat")]
    assert await desk.ask(ChangeDriver(driver_id=old.driver_id, name=" Ana Horvat")) == new
    assert desk.take() == []


async def test_a_retired_driver_stays_readable_and_cannot_be_changed(desk: Desk) -> None:
    driver = await desk.driver()
    desk.take()

    retired = await desk.ask(RetireDriver(driver_id=driver.driver_id, expected_version=1))

    assert retired == replace(driver, status="retired", version=2)
    assert desk.take() == [DriverRetired(driver_id=driver.driver_id)]
    assert await queries.drivers(desk.db, "main", status="retired", after=None, limit=5) == [retired]
    assert await queries.drivers(desk.db, "main", status="active", after=None, limit=5) == []
    for command in (ChangeDriver(driver_id=driver.driver_id, name="X"), RetireDriver(driver_id=driver.driver_id)):
        assert (await refusal_of(desk, command)).code == "driver_retired"


async def test_what_has_moved_on_or_is_anothers_is_refused(desk: Desk) -> None:
    driver = await desk.driver()
    await desk.ask(ChangeDriver(driver_id=driver.driver_id, name="Eva"))

    stale = await refusal_of(desk, ChangeDriver(driver_id=driver.driver_id, expected_version=1, name="Iva"))
    foreign = await refusal_of(desk, ChangeDriver(driver_id=driver.driver_id, name="Iva"), "other")
    unknown = await refusal_of(desk, RetireDriver(driver_id=new_id()))

    assert (stale.kind, stale.code) == ("precondition", "version_mismatch")
    assert (foreign.kind, foreign.code) == (unknown.kind, unknown.code) == ("not_found", "driver_not_found")


async def test_an_account_is_one_active_drivers(desk: Desk) -> None:
    user_id, other = new_id(), new_id()
    ana = await desk.ask(RegisterDriver(driver_id=new_id(), name="Ana", user_id=user_id))
    eva = await desk.driver("Eva")
    assert desk.take()[0] == DriverRegistered(driver_id=ana.driver_id, name="Ana", user_id=user_id)
    taken: list[RegisterDriver | ChangeDriver] = [
        RegisterDriver(driver_id=new_id(), name="Ivo", user_id=user_id),
        ChangeDriver(driver_id=eva.driver_id, user_id=user_id),
    ]
    for command in taken:
        refusal = await refusal_of(desk, command)
        assert (refusal.kind, refusal.code) == ("conflict", "account_taken")
    assert (await desk.ask(RegisterDriver(driver_id=new_id(), name="Ana", user_id=user_id), "other")).user_id == user_id
    changed = await desk.ask(ChangeDriver(driver_id=ana.driver_id, user_id=other))
    assert (changed.user_id, changed.version) == (other, 2)
    assert desk.take()[-1] == DriverChanged(driver_id=ana.driver_id, name="Ana", user_id=other)
    assert (await desk.ask(ChangeDriver(driver_id=eva.driver_id, user_id=user_id))).user_id == user_id
    assert (await desk.ask(ChangeDriver(driver_id=eva.driver_id, name="Ema"))).user_id == user_id
    assert (await desk.ask(ChangeDriver(driver_id=eva.driver_id, user_id=None))).user_id is None


async def test_an_account_passes_on_when_its_driver_is_retired(desk: Desk) -> None:
    user_id = new_id()
    ana = await desk.ask(RegisterDriver(driver_id=new_id(), name="Ana", user_id=user_id))
    await desk.ask(RetireDriver(driver_id=ana.driver_id))
    assert (await desk.ask(RegisterDriver(driver_id=new_id(), name="Eva", user_id=user_id))).user_id == user_id
