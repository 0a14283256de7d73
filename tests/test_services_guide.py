"""The examples of docs/services.md are code that works, and import what they use."""

import ast
import builtins
import dis
import inspect
import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any, Final
from uuid import UUID

import pytest
from msgspec import Struct

from bus import Command, Event, Topic
from nexus_actors import Actor, Context, Service, ServiceEntry, handles
from nexus_actors.http import Routes

GUIDE: Final = Path(__file__).resolve().parent.parent / "docs" / "services.md"
EXAMPLES: Final = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)

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


kettle = Service(
    ServiceEntry(name="kettle-ms", title="K", module=None, port=1, package="kettles", layer="business"),
    topic=KETTLES,
    actors=[Kettle],
)


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


@pytest.fixture
def guide(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A module of names that the examples take for the reader's own."""
    module = ModuleType("services_guide")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    names = vars(module)
    names.update({name: value for name, value in globals().items() if getattr(value, "__module__", "") == __name__})
    names.update(dict.fromkeys(("ctx", "database_url", "job_id", "plate", "redis_url", "request", "track_id", "vehicle_id")))
    names.update(MASTERING=MASTERING, LIMIT_BYTES=1, queries=SimpleNamespace(), kettle=kettle)
    names["vehicles"] = SimpleNamespace(routes=Routes(tag="vehicles"))
    return names


def test_every_example_runs_and_imports_what_it_uses(guide: dict[str, Any]) -> None:
    for example in EXAMPLES:
        code = compiled(example)
        if is_whole(code):
            exec(code, guide)  # noqa: S102 - the guide is ours
        else:
            exec("\n".join(re.findall(r"^from .*", example, re.MULTILINE)), guide)  # noqa: S102
        missing = {name for name in names_used(code) if name not in guide and not hasattr(builtins, name)}
        assert not missing, example
    assert isinstance(guide["service"], Service)
    assert [route.path for route in guide["routes"].all].count("/v1/vehicles") == 2


@pytest.mark.anyio
async def test_the_example_of_a_test_in_memory_passes(guide: dict[str, Any]) -> None:
    [example] = [example for example in EXAMPLES if "open_memory_service" in example]
    await eval(compiled(example), guide)  # noqa: S307
