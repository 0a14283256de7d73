"""Who may report for a vehicle: its driver, dispatchers, devices; and nobody else."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from bus import Command, Event, Refusal, new_id
from modules.puabo_nexus.fleet.contract import (
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryCompleted,
    DeliveryUnassigned,
    DriverChanged,
    DriverRegistered,
    DriverRetired,
    Place,
)
from modules.puabo_nexus.tracker.contract import EndTrip, PositionsRecorded, RecordPositions, RejectedFix
from nexus_actors.testing import Desk, HttpProbe, TestPlatform
from tests.modules.puabo_nexus.tracker.conftest import VAN
from tests.modules.puabo_nexus.tracker.drives import START, at, drive, fix

pytestmark = pytest.mark.anyio

DEPOT, SHOP = Place(name="Depot", lat=45.8, lon=15.9), Place(name="Shop", lat=45.9, lon=15.9)
GRACE_S = 15 * 60
DAY_S = 86_400
REFUSED = "vehicle_not_yours"
TAKEN = None


def hired(driver_id: UUID, user_id: UUID) -> DriverRegistered:
    return DriverRegistered(driver_id=driver_id, name="Ana", user_id=user_id)


def assigned(driver_id: UUID, vehicle_id: UUID, assigned_at: datetime | None = START) -> DeliveryAssigned:
    return DeliveryAssigned(
        delivery_id=new_id(), vehicle_id=vehicle_id, driver_id=driver_id, pickup=DEPOT, dropoff=SHOP, assigned_at=assigned_at
    )


class Driver:
    """A driver who logs in with the account ``user_id``, as the tracker hears of them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.driver_id, self.user_id = new_id(), new_id()

    async def hired(self) -> "Driver":
        await self._desk.publish(hired(self.driver_id, self.user_id))
        return self

    async def assign(self, assigned_at: datetime | None = START) -> DeliveryAssigned:
        delivery = assigned(self.driver_id, VAN.vehicle_id, assigned_at)
        await self._desk.publish(delivery)
        return delivery

    async def report(self, second: float = 0, **as_whom: Any) -> str | None:
        """The code with which a report for the van is refused; None where it is taken."""
        return await self.ask(RecordPositions(vehicle_id=VAN.vehicle_id, fixes=(fix(second),)), **as_whom)

    async def ask(self, command: Command[Any], **as_whom: Any) -> str | None:
        try:
            await self._desk.ask(command, **{"scopes": ["tracker:write"], "subject": str(self.user_id), **as_whom})
        except Refusal as refusal:
            return refusal.code
        return None


def ended(delivery: DeliveryAssigned) -> Event:
    return DeliveryCompleted(
        delivery_id=delivery.delivery_id, vehicle_id=delivery.vehicle_id, driver_id=delivery.driver_id, delivered_at=START
    )


@pytest.fixture
async def ana(desk: Desk) -> Driver:
    return await Driver(desk).hired()


async def test_a_driver_reports_for_the_vehicle_of_their_delivery_alone(desk: Desk, ana: Driver) -> None:
    other = new_id()
    await desk.publish(replace(VAN, vehicle_id=other))
    assert await ana.report() == REFUSED
    await ana.assign()
    assert await ana.report() == TAKEN
    assert await ana.ask(RecordPositions(vehicle_id=other, fixes=(fix(0),))) == REFUSED
    assert await ana.report(1, subject=str(uuid4())) == REFUSED
    assert await ana.report(1, tenant="other") == "vehicle_unknown"


async def test_it_is_forbidden_over_http_and_holds_back_no_other_vehicle(
    platform: TestPlatform, tenant: str, vehicle_id: UUID
) -> None:
    other, driver_id, user_id = new_id(), new_id(), new_id()
    for event in (replace(VAN, vehicle_id=other), hired(driver_id, user_id), assigned(driver_id, vehicle_id)):
        await platform.publish(event, tenant=tenant)
    await platform.settle()
    phone = platform.http("tracker-ms", "tracker:write", "fleet:read", subject=str(user_id), tenant=tenant)
    assert (await phone.post(f"/v1/vehicles/{vehicle_id}/positions", {"fixes": [fix(0)]})).status == 200
    answer = await phone.post(f"/v1/vehicles/{other}/positions", {"fixes": [fix(0)]})
    assert (answer.status, answer.code) == (403, REFUSED)
    items = [{"vehicle_id": id_, "fixes": [fix(2)]} for id_ in (vehicle_id, other)]
    mine, not_mine = (await phone.post("/v1/positions", {"items": items})).json()["items"]
    assert mine["receipt"]["accepted"] == 1
    assert not_mine["refusal"]["code"] == REFUSED


async def test_nothing_of_a_stranger_is_stored(platform: TestPlatform, probe: HttpProbe, vehicle_id: UUID, tenant: str) -> None:
    for subject in (str(uuid4()), "no-uuid", "device:358735071"):
        stranger = platform.http("tracker-ms", "tracker:write", subject=subject, tenant=tenant)
        answer = await stranger.post(f"/v1/vehicles/{vehicle_id}/positions", {"fixes": [fix(0)]})
        assert (answer.status, answer.code) == (403, REFUSED)
        assert (await stranger.post(f"/v1/vehicles/{vehicle_id}/trip:end")).code == REFUSED
    assert (await probe.get(f"/v1/vehicles/{vehicle_id}/positions")).json()["items"] == []


async def test_the_bus_is_no_way_around(desk: Desk, ana: Driver) -> None:
    end = EndTrip(vehicle_id=VAN.vehicle_id)
    assert (await ana.report(), await ana.ask(end)) == (REFUSED, REFUSED)
    await ana.assign()
    way = RecordPositions(vehicle_id=VAN.vehicle_id, fixes=tuple(drive(0, 0, 3000, 12)))
    receipt = await desk.ask(way, scopes=["tracker:write"], subject=str(ana.user_id))
    assert receipt.accepted == len(way.fixes)
    assert await ana.ask(end) == TAKEN


async def test_after_the_last_delivery_there_is_a_quarter_of_an_hour(desk: Desk, ana: Driver) -> None:
    first, second = await ana.assign(), await ana.assign()
    await desk.publish(ended(first))
    await desk.advance(GRACE_S * 2)
    assert await ana.report(0) == TAKEN
    await desk.publish(ended(second))
    await desk.advance(GRACE_S - 1)
    assert await ana.report(1) == TAKEN
    await desk.advance(2)
    assert await ana.report(2) == REFUSED


async def test_who_takes_the_vehicle_over_is_its_only_driver(desk: Desk, ana: Driver) -> None:
    delivery = await ana.assign()
    await desk.publish(DeliveryCancelled(delivery_id=delivery.delivery_id, vehicle_id=VAN.vehicle_id, reason="rain"))
    assert await ana.report(0) == TAKEN
    successor = await Driver(desk).hired()
    await successor.assign()
    assert await ana.report(1) == REFUSED
    assert await successor.report(1) == TAKEN


async def test_the_news_of_a_take_over_may_come_before_that_of_the_end(desk: Desk, ana: Driver) -> None:
    delivery = await ana.assign()
    successor = await Driver(desk).hired()
    await successor.assign()
    await desk.publish(ended(delivery))
    assert await ana.report() == REFUSED
    assert await successor.report() == TAKEN


@pytest.mark.parametrize("first", ["unassigned", "assigned"])
async def test_a_delivery_that_passes_on_to_another_vehicle_takes_the_right_to_report_with_it(
    desk: Desk, ana: Driver, first: str
) -> None:
    """The news reach the two vehicles in any order."""
    other, eva = new_id(), await Driver(desk).hired()
    await desk.publish(replace(VAN, vehicle_id=other))
    old = await ana.assign()
    gone = DeliveryUnassigned(
        delivery_id=old.delivery_id, vehicle_id=old.vehicle_id, driver_id=old.driver_id, reason="broke down"
    )
    news = [gone, replace(old, vehicle_id=other, driver_id=eva.driver_id)]
    for event in news if first == "unassigned" else reversed(news):
        await desk.publish(event)
    report = RecordPositions(vehicle_id=other, fixes=(fix(0),))
    assert await eva.ask(report) == TAKEN
    await desk.advance(GRACE_S + 1)
    assert await ana.report() == REFUSED
    assert await eva.ask(replace(report, fixes=(fix(1),))) == TAKEN


async def test_drivers_who_take_turns_report_each_for_their_own_time(desk: Desk, ana: Driver) -> None:
    """A delivery passes from one driver to another and back, in the same vehicle: the earlier time stays that of who drove."""
    eva, began = await Driver(desk).hired(), desk.clock()
    held = await ana.assign(began)
    days = [fix((began - START).total_seconds() + hour * 3_600) for hour in (1, 25, 51)]
    not_theirs: list[list[int]] = []
    for driver in (eva, ana):
        await desk.advance(DAY_S)
        ids = {"delivery_id": held.delivery_id, "vehicle_id": held.vehicle_id, "driver_id": held.driver_id}
        await desk.publish(DeliveryUnassigned(reason="end of shift", **ids))
        held = replace(held, driver_id=driver.driver_id, assigned_at=desk.clock())
        await desk.publish(held)
        await desk.advance(2 * 3_600)
        sent = [item for item in days if item.fix_at <= desk.clock()]
        command = RecordPositions(vehicle_id=VAN.vehicle_id, fixes=tuple(sent))
        receipt = await desk.ask(command, scopes=["tracker:write"], subject=str(driver.user_id))
        not_theirs.append([days.index(item) for item in sent if item.fix_at in {one.fix_at for one in receipt.rejected}])
        assert {reason for one in receipt.rejected for reason in one.reasons} == {"not_assigned"}
    assert not_theirs == [[0], [1]]


async def test_what_a_worker_of_the_release_before_notes_counts_and_ends(desk: Desk, ana: Driver) -> None:
    """While a release is deployed, such a worker writes the assignments of its partitions, and may hand one over in between."""
    delivery_id, of = new_id(), (desk.tenant, VAN.vehicle_id, ana.driver_id)
    insert = """
        INSERT INTO assignments (tenant, delivery_id, vehicle_id, driver_id) VALUES ($1, $4, $2, $3) ON CONFLICT DO NOTHING
    """
    await desk.db.fetch(insert, *of, delivery_id)
    assert await ana.report() is TAKEN
    ids = {"delivery_id": delivery_id, "vehicle_id": VAN.vehicle_id, "driver_id": ana.driver_id}
    await desk.publish(DeliveryCompleted(delivered_at=desk.clock(), **ids))
    await desk.advance(GRACE_S + 1)
    assert await ana.report() == REFUSED
    await ana.assign(desk.clock())
    end = "UPDATE assignments SET ended_at = $3 WHERE tenant = $1 AND vehicle_id = $2 AND ended_at IS NULL"
    await desk.db.fetch(end, desk.tenant, VAN.vehicle_id, desk.clock())
    await desk.advance(GRACE_S + 1)
    assert await ana.report() == REFUSED


async def test_a_delivery_that_is_under_way_again_lets_its_driver_report_again(desk: Desk, ana: Driver) -> None:
    delivery = await ana.assign()
    await desk.publish(ended(delivery))
    await desk.advance(GRACE_S + 1)
    assert await ana.report() == REFUSED
    await desk.publish(replace(delivery))
    assert await ana.report() == TAKEN


async def test_a_driver_reports_for_the_time_of_their_assignment_alone(desk: Desk, ana: Driver) -> None:
    """Who was assigned just now does not write the trips of 20 and 300 days ago anew. Who may report for all does."""
    await ana.assign(at(1_000))
    fixes = (fix(-300 * DAY_S), fix(-20 * DAY_S), fix(999), fix(1_000), fix(1_010))
    command = RecordPositions(vehicle_id=VAN.vehicle_id, fixes=fixes)
    receipt = await desk.ask(command, scopes=["tracker:write"], subject=str(ana.user_id))
    assert (receipt.accepted, receipt.late) == (2, 0)
    assert receipt.rejected == tuple(RejectedFix(fix_at=item.fix_at, reasons=("not_assigned",)) for item in fixes[:3])
    [taken] = [event for event in desk.take() if isinstance(event, PositionsRecorded)]
    assert taken.fixes == fixes[3:]
    receipt = await desk.ask(command, scopes=["tracker:write", "tracker:write:any"])
    assert (receipt.duplicate, receipt.late) == (2, 3)


async def test_what_a_phone_kept_of_an_earlier_assignment_is_still_taken(desk: Desk, ana: Driver) -> None:
    first = await ana.assign(START)
    await desk.publish(ended(first))
    ended_s = (desk.clock() - START).total_seconds()
    await desk.advance(5 * DAY_S)
    await ana.assign(None)
    sent = (fix(-1), fix(0), fix(ended_s + GRACE_S), fix(ended_s + GRACE_S + 1), fix(ended_s + 5 * DAY_S))
    command = RecordPositions(vehicle_id=VAN.vehicle_id, fixes=sent)
    receipt = await desk.ask(command, scopes=["tracker:write"], subject=str(ana.user_id))
    assert [item.fix_at for item in receipt.rejected] == [sent[0].fix_at, sent[3].fix_at]
    await desk.advance(31 * DAY_S)
    await ana.assign(None)
    receipt = await desk.ask(command, scopes=["tracker:write"], subject=str(ana.user_id))
    assert len(receipt.rejected) == 4


async def test_who_took_over_and_has_ended_too_leaves_no_time_to_the_one_before(desk: Desk, ana: Driver) -> None:
    before, successor = await ana.assign(), await Driver(desk).hired()
    await desk.publish(ended(before))
    await desk.advance(60)
    after = await successor.assign()
    await desk.publish(ended(after))
    assert await ana.report() == REFUSED
    assert await successor.report() == TAKEN


async def test_the_account_of_a_driver_may_come_late_change_and_go(desk: Desk, ana: Driver) -> None:
    await ana.assign()
    other = new_id()
    for user_id, old, new in ((other, REFUSED, TAKEN), (None, REFUSED, REFUSED), (ana.user_id, TAKEN, REFUSED)):
        await desk.publish(DriverChanged(driver_id=ana.driver_id, name="Ana", user_id=user_id))
        assert (await ana.report(), await ana.report(subject=str(other))) == (old, new)
    await desk.publish(DriverRetired(driver_id=ana.driver_id))
    assert await ana.report() == REFUSED


@pytest.mark.parametrize("scope", ["tracker:*", "tracker:write:*", "*"])
async def test_who_may_report_for_all_needs_no_delivery(ana: Driver, scope: str) -> None:
    assert await ana.report(scopes=["tracker:write", scope]) == TAKEN
