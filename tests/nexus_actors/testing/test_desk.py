"""A service at its desk: one worker, or several at the same time."""

from collections.abc import Awaitable, Callable

import pytest

from bus import HandlerFailed, Refusal, new_id
from modules.puabo_nexus.fleet.contract import ChangeVehicle, RegisterVehicle, Vehicle, VehicleChanged
from modules.puabo_nexus.fleet.service import service
from nexus_actors import Service
from nexus_actors.testing import open_desk
from tests.nexus_actors.runtime.counter import Add, Total, counter

pytestmark = pytest.mark.anyio


async def test_of_workers_that_want_the_same_at_once_all_but_one_are_refused(
    schema_url: Callable[[Service], Awaitable[str]],
) -> None:
    async with open_desk(service, await schema_url(service)) as desk:
        vans = [await desk.ask(RegisterVehicle(vehicle_id=new_id(), plate=f"B {number}")) for number in range(8)]
        desk.take()

        answers = await desk.at_once(*(ChangeVehicle(vehicle_id=van.vehicle_id, plate="A 1") for van in vans))

        (vehicle,) = [answer for answer in answers if isinstance(answer, Vehicle)]
        assert [answer.code for answer in answers if isinstance(answer, Refusal)] == ["plate_taken"] * 7
        assert desk.take() == [VehicleChanged(vehicle_id=vehicle.vehicle_id, plate="A 1", device_id=None)]


async def test_what_a_handler_fails_with_is_raised_once(database_url: str) -> None:
    async with open_desk(counter, database_url) as desk:
        with pytest.raises(HandlerFailed, match="the number of the beast"):
            await desk.ask(Add(counter="bad", by=666))
        assert await desk.ask(Add(counter="good", by=1)) == Total(1)
