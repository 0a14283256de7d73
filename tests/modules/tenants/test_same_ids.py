"""Two tenants with the same ids: each sees what it would see if it were alone, and nothing of the other's."""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import pytest

from modules.puabo_nexus.fleet.service import service as fleet
from modules.puabo_nexus.location.service import service as location
from modules.puabo_nexus.tracker.service import service as tracker
from nexus_actors.http.route import Route
from nexus_actors.platform.loading import load_catalogue, load_service
from nexus_actors.testing import TestPlatform, open_platform
from tests.modules.tenants.story import EXAMPLES, IDS, LOOK, POSTED, READS, STORY

pytestmark = pytest.mark.anyio

SERVICES: Final = (fleet, tracker, location)
TENANTS: Final = ("red", "blue")
MARKS: Final = {"red": "RUBY", "blue": "ZINC"}
BEHIND: Final = 3
"""So many steps the second tenant is behind the first: what is one's beginning is the other's end."""
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HASH: Final = re.compile(r"[0-9a-f]{32,64}")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
_NUMBER: Final = re.compile(r'"(entry|seq|age_s)":\s*[\d.e-]+')


class Tenant:
    """One of the two, with all that it was answered."""

    def __init__(self, platform: TestPlatform, name: str) -> None:
        self._platform = platform
        self.name = name
        self.mark = MARKS[name]
        self.heard: list[str] = []
        self._probes = {
            service.name: platform.http(service.name, "fleet:*", "tracker:*", "location:*", tenant=name) for service in SERVICES
        }

    async def step(self, number: int) -> None:
        """Take a step of the story."""
        words = STORY[number]
        if words == LOOK:
            await self._look(number)
            return
        if isinstance(words, str):
            answer = await self._platform.bearer("tracker-ms", None).get(words + self.mark)
            self.heard.append(f"{number} device: {answer.status} {answer.body.decode()}")
            await self._platform.settle()
            return
        command = words(self.mark)
        value = await self._platform.ask(command, tenant=self.name, scopes=["*"])
        self.heard.append(f"{number} {type(command).__name__}: {msgspec.json.encode(value).decode()}")
        await self._platform.settle()

    async def _look(self, number: int) -> None:
        for (service, path), query in READS.items():
            for place in await self._places(path):
                answer = await self._probes[service].get(place + query)
                self.heard.append(f"{number} {service} {place}: {answer.status} {answer.body.decode()}")

        for (service, path), body in POSTED.items():
            answer = await self._probes[service].post(path, body)
            self.heard.append(f"{number} {service} {path}: {answer.status} {answer.body.decode()}")

    async def _places(self, path: str) -> Sequence[str]:
        name = next(iter(re.findall(r"\{(\w+)\}", path)), None)
        if name is None:
            return [path]
        ids = await self.trips() if name == "trip_id" else EXAMPLES[name]
        return [path.replace(f"{{{name}}}", str(one)) for one in ids]

    async def trips(self) -> list[str]:
        """The ids of its trips, the first one first."""
        items: list[dict[str, Any]] = (await self._probes["tracker-ms"].get("/v1/trips")).json()["items"]
        return [trip["trip_id"] for trip in sorted(items, key=lambda trip: str(trip["started_at"]))]

    async def reads_of(self, trip_id: str) -> list[int]:
        """How it is answered when it asks for a trip."""
        paths = (f"/v1/trips/{trip_id}", f"/v1/trips/{trip_id}/track")
        return [(await self._probes["tracker-ms"].get(path)).status for path in paths]

    def retold(self) -> list[str]:
        """All that it was answered, without what would differ for the same tenant at another time."""
        return [_masked(line.replace(self.mark, "MARK")) for line in self.heard]


def _masked(line: str) -> str:
    line = _HASH.sub("hash", line)
    line = _UUID.sub(lambda match: match[0] if match[0] in IDS else "id", line)
    line = _INSTANT.sub(lambda match: match[0] if match[0].startswith("2026-03-02") else "now", line)
    return _NUMBER.sub(r'"\1":0', line)


@pytest.fixture
async def told(database_url: str) -> tuple[TestPlatform, list[Tenant], set[tuple[str, str]]]:
    """The story, told by both at once; and which messages of it were handled for whom."""
    async with open_platform(SERVICES, database_url) as platform:
        tenants = [Tenant(platform, name) for name in TENANTS]
        for number in range(len(STORY) + BEHIND):
            for behind, tenant in zip((0, BEHIND), tenants, strict=True):
                if 0 <= number - behind < len(STORY):
                    await tenant.step(number - behind)
        trips = [(one, trip) for one, other in (tenants, tenants[::-1]) for trip in await other.trips()]
        foreign = [status for one, trip in trips for status in await one.reads_of(trip)]
        assert set(foreign) == {404}, "a trip of the other tenant is no trip"
        parked = await platform.worker.platform.fetch("SELECT tenant, key, error FROM nexus.dead_letters")
        assert parked == []
        handled = {(followed.envelope.type, followed.envelope.tenant or "") for followed in platform.seen}
    return platform, tenants, handled


async def test_each_sees_what_it_would_see_alone(told: tuple[TestPlatform, list[Tenant], set[tuple[str, str]]]) -> None:
    _, (red, blue), handled = told
    for one, other in ((red, blue), (blue, red)):
        assert not [line for line in one.heard if other.mark in line], "nothing of the other's"
        assert [line for line in one.heard if one.mark in line]
    assert red.retold() == blue.retold()
    assert {line.split(": ")[1][:3] for line in red.heard if "-ms /" in line or "-service /" in line} == {"200", "404"}
    missing = {
        (kind.__name__, tenant)
        for service in SERVICES
        for kind in service.handled
        for tenant in TENANTS
        if (kind.wire_type(), tenant) not in handled
    }
    assert missing == set(), "the story leaves messages out: tell them too"


def test_every_service_whose_actors_are_of_tenants_is_in_the_story() -> None:
    built = [load_service(entry) for entry in load_catalogue().built()]
    assert {s.name for s in built if any(not actor.platform for actor in s.actors)} == {s.name for s in SERVICES}


def test_every_read_is_in_the_story() -> None:
    for method, told_of in (("GET", READS), ("POST", POSTED)):
        routes = [(service.name, route) for service in SERVICES for part in service.routes for route in part.all]
        found = {(name, route.path) for name, route in routes if route.method == method and _reads(route)}
        assert found == set(told_of)


def _reads(route: Route) -> bool:
    return (route.options.scope or "").endswith(":read")
