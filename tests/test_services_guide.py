"""The examples of docs/services.md are code that works, and import what they use."""

import ast
import builtins
import dis
import inspect
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any, Final
from uuid import UUID

import pytest
from msgspec import Struct

from bus import Command, Event, Refusal, Topic
from nexus_actors import Actor, Context, Service, ServiceEntry, handles
from nexus_actors.http import Routes
from nexus_actors.rules import check_of
from nexus_actors.testing import migrated, open_desk, open_platform
from nexus_actors.testing.schema import table_faults

GUIDE: Final = Path(__file__).resolve().parent.parent / "docs" / "services.md"
# The fleet that there is has types of the same names on the wire.
FLEET: Final = "guide-service"
TEXT: Final = GUIDE.read_text(encoding="utf-8").replace("fleet-service", FLEET)
EXAMPLES: Final = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
[SCHEMA] = re.findall(r"^```sql\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)

_LOADS: Final = {"LOAD_GLOBAL", "LOAD_NAME"}

DELIVERIES = Topic("dispatch-ms")
MASTERING = Topic("mastering-ms")
KETTLES = Topic("kettle-ms", partitions=2)


class DeliveryAssigned(Event, topic=DELIVERIES, key="delivery_id"):
    delivery_id: UUID
    vehicle_id: UUID


class PositionsRecorded(Event, topic=DELIVERIES, key="vehicle_id"):
    vehicle_id: UUID


class ManifestReceived(Event, topic=DELIVERIES, key="delivery_id"):
    delivery_id: UUID
    size_bytes: int


class UnreadableManifest(Exception):
    """It is none."""


class DriverActor(Actor[None]):
    """Has nothing to do yet."""


class MasterRendered(Command[None], topic=MASTERING, key="track_id"):
    track_id: UUID


class MasterProgressed(Command[None], topic=MASTERING, key="track_id"):
    track_id: UUID


class MasterFailed(Command[None], topic=MASTERING, key="track_id"):
    track_id: UUID


class TrackActor(Actor[None]):
    @handles
    def rendered(self, message: MasterRendered, ctx: Context) -> None: ...
    @handles
    def progressed(self, message: MasterProgressed, ctx: Context) -> None: ...
    @handles
    def failed(self, message: MasterFailed, ctx: Context) -> None: ...


class Boil(Command[None], topic=KETTLES, key="kettle"):
    kettle: str


class WaterDelivered(Event, topic=KETTLES, key="kettle"):
    kettle: str
    litres: int


class Whistle(Command[None], topic=KETTLES, key="kettle"):
    kettle: str


class Whistled(Event, topic=KETTLES, key="kettle"):
    kettle: str


class KettleState(Struct):
    litres: int = 0
    boils: int = 0


class Kettle(Actor[KettleState]):
    @handles
    def boil(self, message: Boil, ctx: Context) -> None:
        self.state.boils += 1
        ctx.schedule(Whistle(kettle=self.key), ctx.now + timedelta(minutes=1), "whistle")

    @handles
    def fill(self, message: WaterDelivered, ctx: Context) -> None:
        self.state.litres += message.litres

    @handles
    def whistle(self, message: Whistle, ctx: Context) -> None:
        ctx.publish(Whistled(kettle=self.key))


def entry(name: str) -> ServiceEntry:
    """The entry that a reader's catalogue has for a service."""
    return ServiceEntry(name=name, title=name, module=None, port=1, package=f"guide.{name}", layer="business")


kettle = Service(entry("kettle-ms"), topic=KETTLES, actors=[Kettle])


def names_used(code: CodeType) -> Iterator[str]:
    """What a piece of code takes from elsewhere, in its functions and classes too."""
    made = {i.argval for i in dis.get_instructions(code) if i.opname == "STORE_NAME"}
    yield from (i.argval for i in dis.get_instructions(code) if i.opname in _LOADS and i.argval not in made)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from names_used(inner)


def compiled(example: str) -> CodeType:
    code: CodeType = compile(example, str(GUIDE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    return code


def is_whole(code: CodeType) -> bool:
    """Whether an example stands in a module; what awaits is a piece of a handler, of a route or of a test."""
    return not code.co_flags & inspect.CO_COROUTINE


@pytest.fixture(scope="module")
def guide() -> Iterator[dict[str, Any]]:
    """A module of names that the examples take for the reader's own, and that they have made, each after the one before."""
    module = ModuleType("services_guide")
    names = vars(module)
    names.update({name: value for name, value in globals().items() if getattr(value, "__module__", "") == __name__})
    names.update(dict.fromkeys(("ctx", "database_url", "job_id", "plate", "redis_url", "request", "track_id", "vehicle_id")))
    names.update(MASTERING=MASTERING, LIMIT_BYTES=1, queries=SimpleNamespace(), kettle=kettle)
    names["vehicles"] = SimpleNamespace(routes=Routes(tag="vehicles"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(sys.modules, module.__name__, module)
        patched.setattr("modules.catalogue.entry", entry)
        for example in EXAMPLES:
            run(example, names)
        yield names


def run(example: str, names: dict[str, Any]) -> None:
    """Run an example, or what it imports where it is a piece of a function, and see that it has what it uses."""
    code = compiled(example)
    if is_whole(code):
        exec(code, names)  # noqa: S102 - the guide is ours
    else:
        exec("\n".join(re.findall(r"^from .*", example, re.MULTILINE)), names)  # noqa: S102
    missing = {name for name in names_used(code) if name not in names and not hasattr(builtins, name)}
    assert not missing, example


def test_every_example_runs_and_imports_what_it_uses(guide: dict[str, Any]) -> None:
    assert isinstance(guide["service"], Service)
    assert [route.path for route in guide["routes"].all].count("/v1/vehicles") == 2


@pytest.mark.anyio
async def test_the_examples_of_tests_pass_and_the_table_is_what_it_is_taken_for(
    guide: dict[str, Any], database_url: str, tmp_path: Path
) -> None:
    actors = [guide["VehicleActor"], guide["VehicleUse"]]
    service = Service(entry(FLEET), topic=guide["FLEET"], actors=actors, routes=[guide["routes"]])
    service.migrations = tmp_path
    (tmp_path / "0001_vehicles.sql").write_text(SCHEMA)

    async with open_desk(service, await migrated(service, database_url)) as desk:
        assert await table_faults(guide["VEHICLES"], desk.db) == []
        await guide["test_a_plate_is_one_vehicles"](desk)
    async with open_platform([service], database_url) as platform:
        probe = platform.http(service.name, "fleet:read", "fleet:write", tenant="other")
        await guide["test_a_vehicle_is_registered_and_shown"](probe)
        new = await probe.get("/v1/new-vehicles?since=2026-01-01T00:00:00Z")
        assert [vehicle["plate"] for vehicle in new.json()["items"]] == ["DA 123 X"]


def test_what_is_wrong_between_fields_is_said(guide: dict[str, Any]) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    check = check_of(guide["RentVehicle"])
    assert check is not None
    with pytest.raises(Refusal) as caught:
        check(guide["RentVehicle"](vehicle_id=UUID(int=1), from_at=now, until_at=now))
    assert (caught.value.code, [error.field for error in caught.value.errors]) == ("invalid_vehicle", ["$.until_at"])


@pytest.mark.anyio
async def test_the_example_of_a_test_in_memory_passes(guide: dict[str, Any]) -> None:
    [example] = [example for example in EXAMPLES if "open_memory_service" in example]
    await eval(compiled(example), guide)  # noqa: S307
