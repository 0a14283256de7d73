"""What a driver's own token shows of the others: names, and no delivery."""

from typing import Any
from uuid import UUID

import pytest

from bus import Command, new_id
from modules.infrastructure.auth.domain.access import BUILT_IN_ROLES
from modules.puabo_nexus.fleet.contract import AssignDelivery, RegisterDriver, RegisterVehicle, RequestDelivery
from modules.puabo_nexus.fleet.service import service
from nexus_actors.testing import HttpProbe, TestPlatform
from nexus_actors.testing.fixtures import platform_fixture
from tests.modules.puabo_nexus.fleet.yard import DROPOFF, PICKUP

pytestmark = pytest.mark.anyio

platform = platform_fixture(service, shared=True)
HIDDEN = ("phone", "licence_number", "user_id")


class Team:
    """Ana and Eva, who drive, each with a delivery under way, in a tenant of their own."""

    def __init__(self, platform: TestPlatform) -> None:
        self._platform, self._tenant = platform, f"tenant-{new_id().hex}"
        self.accounts = {"Ana": new_id(), "Eva": new_id()}
        self.drivers: dict[str, UUID] = {}
        self.deliveries: dict[str, UUID] = {}

    async def hired(self) -> "Team":
        for number, (name, user_id) in enumerate(self.accounts.items()):
            self.drivers[name], vehicle_id, self.deliveries[name] = new_id(), new_id(), new_id()
            hire = RegisterDriver(
                driver_id=self.drivers[name], name=name, phone=f"+3859100000{number}", licence_number="B-1", user_id=user_id
            )
            await self._ask(hire)
            await self._ask(RegisterVehicle(vehicle_id=vehicle_id, plate=f"ZG {number}"))
            delivery_id = self.deliveries[name]
            await self._ask(RequestDelivery(delivery_id=delivery_id, pickup=PICKUP, dropoff=DROPOFF))
            await self._ask(AssignDelivery(delivery_id=delivery_id, vehicle_id=vehicle_id, driver_id=self.drivers[name]))
        await self._ask(RequestDelivery(delivery_id=new_id(), pickup=PICKUP, dropoff=DROPOFF))
        return self

    def with_role(self, role: str, subject: str) -> HttpProbe:
        return self._platform.http(service.name, *BUILT_IN_ROLES[role], tenant=self._tenant, subject=subject)

    async def _ask(self, command: Command[Any]) -> None:
        await self._platform.ask(command, scopes=["fleet:*"], tenant=self._tenant)


@pytest.fixture
async def team(platform: TestPlatform) -> Team:
    return await Team(platform).hired()


async def items(probe: HttpProbe, path: str) -> list[dict[str, object]]:
    answer = await probe.get(path)
    assert answer.status == 200
    found: list[dict[str, object]] = answer.json()["items"]
    return found


async def test_a_driver_sees_themselves_whole_and_of_others_the_name(team: Team) -> None:
    ana = team.with_role("driver", str(team.accounts["Ana"]))
    herself, eva = await items(ana, "/v1/drivers")
    assert (herself["name"], herself["phone"], herself["licence_number"]) == ("Ana", "+38591000000", "B-1")
    assert (eva["name"], [eva[name] for name in HIDDEN]) == ("Eva", [None] * 3)
    assert (await ana.get(f"/v1/drivers/{team.drivers['Ana']}")).json() == herself
    assert (await ana.get(f"/v1/drivers/{team.drivers['Eva']}")).json() == eva


async def test_a_driver_sees_their_own_deliveries_alone(team: Team) -> None:
    ana, own, other = team.with_role("driver", str(team.accounts["Ana"])), team.deliveries["Ana"], team.deliveries["Eva"]
    assert [item["delivery_id"] for item in await items(ana, "/v1/deliveries")] == [str(own)]
    assert len(await items(ana, f"/v1/deliveries?driver_id={team.drivers['Ana']}")) == 1
    assert await items(ana, f"/v1/deliveries?driver_id={team.drivers['Eva']}") == []
    assert await items(ana, "/v1/deliveries?status=requested") == []
    assert (await ana.get(f"/v1/deliveries/{own}")).status == 200
    assert len(await items(ana, f"/v1/deliveries/{own}/timeline")) == 2
    for path in (f"/v1/deliveries/{other}", f"/v1/deliveries/{other}/timeline", f"/v1/deliveries/{new_id()}"):
        assert (await ana.get(path)).code == "delivery_not_found"


@pytest.mark.parametrize("subject", ["", "None", "stranger", str(new_id())], ids=["empty", "None", "stranger", "unknown"])
async def test_who_is_no_driver_sees_names_and_no_delivery(team: Team, subject: str) -> None:
    stranger = team.with_role("driver", subject or str(new_id()))
    assert all(driver[name] is None for driver in await items(stranger, "/v1/drivers") for name in HIDDEN)
    assert await items(stranger, "/v1/deliveries") == []


@pytest.mark.parametrize("role", ["dispatcher", "viewer", "admin"])
async def test_the_office_sees_all(team: Team, role: str) -> None:
    office = team.with_role(role, str(new_id()))
    assert [driver["phone"] for driver in await items(office, "/v1/drivers")] == ["+38591000000", "+38591000001"]
    assert len(await items(office, "/v1/deliveries")) == 3
    assert (await office.get(f"/v1/deliveries/{team.deliveries['Eva']}")).status == 200
