"""Who may report for a vehicle: its driver, dispatchers, devices; and nobody else."""

from uuid import UUID, uuid4

import pytest

from bus import Refusal, new_id
from modules.puabo_nexus.fleet.contract import (
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryCompleted,
    DriverChanged,
    DriverRegistered,
    DriverRetired,
    Place,
    VehicleRegistered,
)
from modules.puabo_nexus.tracker.contract import EndTrip, RecordPositions
from nexus_actors.testing import FakeClock, HttpProbe, TestPlatform
from tests.modules.puabo_nexus.tracker.drives import START, drive, fix

pytestmark = pytest.mark.anyio

DEPOT, SHOP = Place(name="Depot", lat=45.8, lon=15.9), Place(name="Shop", lat=45.9, lon=15.9)
GRACE_S = 15 * 60


class Roster:
    """The fleet, as the tracker hears it, with one driver who logs in as ``user_id``."""

    def __init__(self, platform: TestPlatform) -> None:
        self._platform = platform
        self.driver_id, self.user_id = new_id(), new_id()

    @property
    def phone(self) -> HttpProbe:
        """The driver's client."""
        return self.client(self.user_id)

    def client(self, user_id: UUID, tenant: str = "main") -> HttpProbe:
        return self._platform.http("tracker-ms", "tracker:write", "fleet:read", subject=str(user_id), tenant=tenant)

    async def hire(self) -> None:
        await self._platform.publish(DriverRegistered(driver_id=self.driver_id, name="Ana", user_id=self.user_id))
        await self._platform.settle()

    async def assign(self, vehicle_id: UUID, driver_id: UUID | None = None) -> UUID:
        delivery_id = new_id()
        assigned = DeliveryAssigned(
            delivery_id=delivery_id,
            vehicle_id=vehicle_id,
            driver_id=driver_id or self.driver_id,
            pickup=DEPOT,
            dropoff=SHOP,
            assigned_at=START,
        )
        await self._platform.publish(assigned)
        await self._platform.settle()
        return delivery_id

    async def complete(self, delivery_id: UUID, vehicle_id: UUID) -> None:
        completed = DeliveryCompleted(
            delivery_id=delivery_id, vehicle_id=vehicle_id, driver_id=self.driver_id, delivered_at=START
        )
        await self._platform.publish(completed)
        await self._platform.settle()


@pytest.fixture
async def roster(platform: TestPlatform) -> Roster:
    made = Roster(platform)
    await made.hire()
    return made


async def report(client: HttpProbe, vehicle_id: UUID, second: float = 0) -> tuple[int, str | None]:
    answer = await client.post(f"/v1/vehicles/{vehicle_id}/positions", {"fixes": [fix(second)]})
    return answer.status, None if answer.status == 200 else answer.code


REFUSED = (403, "vehicle_not_yours")
TAKEN = (200, None)


async def test_a_driver_reports_for_the_vehicle_of_their_delivery_alone(
    platform: TestPlatform, roster: Roster, vehicle_id: UUID
) -> None:
    other = new_id()
    await platform.publish(VehicleRegistered(vehicle_id=other, plate="ZG 2", device_id=None))
    assert await report(roster.phone, vehicle_id) == REFUSED
    await roster.assign(vehicle_id)
    assert await report(roster.phone, vehicle_id) == TAKEN
    assert await report(roster.phone, other) == REFUSED
    assert await report(roster.client(uuid4()), vehicle_id, 1) == REFUSED
    assert await report(roster.client(roster.user_id, tenant="other"), vehicle_id, 1) == (404, "vehicle_unknown")
    items = [{"vehicle_id": id_, "fixes": [fix(2)]} for id_ in (vehicle_id, other)]
    mine, not_mine = (await roster.phone.post("/v1/positions", {"items": items})).json()["items"]
    assert mine["receipt"]["accepted"] == 1
    assert not_mine["refusal"]["code"] == "vehicle_not_yours"


async def test_nothing_of_a_stranger_is_stored(platform: TestPlatform, probe: HttpProbe, vehicle_id: UUID) -> None:
    for subject in (str(uuid4()), "no-uuid", "device:358735071"):
        stranger = platform.http("tracker-ms", "tracker:write", subject=subject)
        assert await report(stranger, vehicle_id) == REFUSED
        assert (await stranger.post(f"/v1/vehicles/{vehicle_id}/trip:end")).code == "vehicle_not_yours"
    assert (await probe.get(f"/v1/vehicles/{vehicle_id}/positions")).json()["items"] == []


async def test_the_bus_is_no_way_around(platform: TestPlatform, roster: Roster, vehicle_id: UUID) -> None:
    subject = str(roster.user_id)
    with pytest.raises(Refusal, match="vehicle_not_yours"):
        await platform.ask(RecordPositions(vehicle_id=vehicle_id, fixes=(fix(0),)), scopes=["tracker:write"], subject=subject)
    with pytest.raises(Refusal, match="vehicle_not_yours"):
        await platform.ask(EndTrip(vehicle_id=vehicle_id), scopes=["tracker:write"], subject=subject)
    await roster.assign(vehicle_id)
    way = tuple(drive(0, 0, 3000, 12))
    assert (
        await platform.ask(RecordPositions(vehicle_id=vehicle_id, fixes=way), scopes=["tracker:write"], subject=subject)
    ).accepted == len(way)
    await platform.ask(EndTrip(vehicle_id=vehicle_id), scopes=["tracker:write"], subject=subject)


async def test_after_the_last_delivery_there_is_a_quarter_of_an_hour(
    roster: Roster, vehicle_id: UUID, clock: FakeClock
) -> None:
    first, second = await roster.assign(vehicle_id), await roster.assign(vehicle_id)
    await roster.complete(first, vehicle_id)
    clock.advance(GRACE_S * 2)
    assert await report(roster.phone, vehicle_id, 0) == TAKEN
    await roster.complete(second, vehicle_id)
    clock.advance(GRACE_S - 1)
    assert await report(roster.phone, vehicle_id, 1) == TAKEN
    clock.advance(2)
    assert await report(roster.phone, vehicle_id, 2) == REFUSED


async def test_who_takes_the_vehicle_over_is_its_only_driver(platform: TestPlatform, roster: Roster, vehicle_id: UUID) -> None:
    delivery_id = await roster.assign(vehicle_id)
    await platform.publish(DeliveryCancelled(delivery_id=delivery_id, vehicle_id=vehicle_id, reason="rain"))
    await platform.settle()
    assert await report(roster.phone, vehicle_id, 0) == TAKEN
    successor = Roster(platform)
    await successor.hire()
    await roster.assign(vehicle_id, successor.driver_id)
    assert await report(roster.phone, vehicle_id, 1) == REFUSED
    assert await report(successor.phone, vehicle_id, 1) == TAKEN


async def test_the_news_of_a_take_over_may_come_before_that_of_the_end(
    platform: TestPlatform, roster: Roster, vehicle_id: UUID
) -> None:
    delivery_id = await roster.assign(vehicle_id)
    successor = Roster(platform)
    await successor.hire()
    await roster.assign(vehicle_id, successor.driver_id)
    await roster.complete(delivery_id, vehicle_id)
    assert await report(roster.phone, vehicle_id) == REFUSED
    assert await report(successor.phone, vehicle_id) == TAKEN


async def test_the_account_of_a_driver_may_come_late_change_and_go(
    platform: TestPlatform, roster: Roster, vehicle_id: UUID
) -> None:
    await roster.assign(vehicle_id)
    other = new_id()
    for user_id, old, new in ((other, REFUSED, TAKEN), (None, REFUSED, REFUSED), (roster.user_id, TAKEN, REFUSED)):
        await platform.publish(DriverChanged(driver_id=roster.driver_id, name="Ana", user_id=user_id))
        await platform.settle()
        assert (await report(roster.phone, vehicle_id), await report(roster.client(other), vehicle_id)) == (old, new)
    await platform.publish(DriverRetired(driver_id=roster.driver_id))
    await platform.settle()
    assert await report(roster.phone, vehicle_id) == REFUSED


@pytest.mark.parametrize("scope", ["tracker:*", "tracker:write:*", "*"])
async def test_who_may_report_for_all_needs_no_delivery(platform: TestPlatform, vehicle_id: UUID, scope: str) -> None:
    assert await report(platform.http("tracker-ms", "tracker:write", scope), vehicle_id) == TAKEN
