"""Types that are named in declarations and are not there when these run."""

import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from bus import ContractError
from nexus_actors.http import RouteError

HEAD = """
from __future__ import annotations
from typing import TYPE_CHECKING, TypedDict
from msgspec import Struct
from bus import Command, Event, Topic
from nexus_actors import Actor, GaveUp, Job, Report, Service, ServiceEntry, Work, handles
from nexus_actors.http import Request, Routes
if TYPE_CHECKING:
    from uuid import UUID
    from elsewhere import Reply
else:
    from nexus_actors import Context

SHOP = Topic("shop-ms")
ENTRY = ServiceEntry(name="shop-ms", title="S", module=None, port=1, package="x", layer="business")
routes = Routes(tag="shops")

class Item(Struct, frozen=True):
    count: int = 0
class Inner(Struct):
    place: UUID
class Rows(TypedDict):
    row: UUID
class Close(Command[None], topic=SHOP, key="shop"):
    shop: str
class Shop(Actor[None]):
    @handles
    def close(self, message: Close, ctx: Context) -> None: ...
def make(*actors, works=()):
    Service(ENTRY, topic=SHOP, actors=[Shop, *actors], works=works)
def with_message(kind, reply):
    class Other(Actor[None]):
        @handles
        def other(self, message, ctx): ...
    Other.other.__annotations__ = {"message": kind, "return": reply}
    make(Other)
"""
OPEN = 'class Open(Command[{reply}], topic=SHOP, key="shop"):\n    shop: {key}\n    {field}\n'
DOES = (
    "class Sweeping(Work[{job}]):\n"
    "    def run(self, job: Sweep, report: Report) -> Close: ...\n"
    "    def ended(self, job: Sweep, end: GaveUp) -> Close: ...\n"
)
SWEEP = 'class Sweep(Job, topic=SHOP, key="shop"):\n    shop: {key}\n    {field}\n'
HANDLER = (
    "class Till(Actor[None]):\n    @handles{mark}\n"
    "    def told(self, message: {message}, ctx: Context) -> {answer}: ...\nmake(Till)"
)
TOLD = 'class Told(Event, topic=SHOP, key="shop"):\n    shop: str\n    till: UUID\n'


def opened(reply: str = "Item", key: str = "str", field: str = "", answer: str = "Item") -> str:
    return OPEN.format(reply=reply, key=key, field=field) + f"with_message(Open, {answer})"


def swept(key: str = "str", field: str = "") -> str:
    return SWEEP.format(key=key, field=field) + DOES.format(job="Sweep") + "make(works=[Sweeping])"


ABSENT = {
    HANDLER.format(mark="", message="Reply", answer="None"): "^Till.told names the type 'Reply'.*Import it outside of",
    HANDLER.format(mark="", message="Close", answer="Reply"): "^Till.told names the type 'Reply'",
    opened(key="UUID"): "^A field of Open names the type 'UUID'",
    opened(field="till: list[UUID | None] = []"): "^A field of Open names the type 'UUID'",
    opened(field="till: dict[str, Inner] = {}"): "^A field of Inner names the type 'UUID'",
    opened(field="till: Rows | None = None"): "^A field of Rows names the type 'UUID'",
    opened(reply="'Reply'"): "^Open, in the brackets of its base, names the type 'Reply'",
    opened(reply="Inner", answer="Inner"): "^A field of Inner names the type 'UUID'",
    TOLD + HANDLER.format(mark="(key='till')", message="Told", answer="None"): "^A field of Told names the type 'UUID'",
    "class State(Struct):\n    till: Inner | None = None\nclass Till(Actor[State]): ...\nmake(Till)": "^A field of Inner names",
    "class Till(Actor['State']): ...\nmake(Till)": "^Till, in the brackets of its base, names the type 'State'",
    swept(key="UUID"): "^A field of Sweep names the type 'UUID'",
    swept(field="till: Inner"): "^A field of Inner names the type 'UUID'",
    "@routes.get('/v1/{n}', scope=None)\nasync def show(n: UUID) -> Item: ...": r"GET /v1.* \(show\): it names the type",
    "@routes.get('/v1', scope=None)\nasync def show() -> Inner: ...": "show.*A field of Inner names the type 'UUID'",
}

Run = Callable[[str], None]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a text after the head as a module of its own."""

    def run_text(text: str) -> None:
        module = ModuleType("absent_types_of_a_shop")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(HEAD + text, __file__, "exec"), vars(module))  # noqa: S102 - as an import does

    return run_text


@pytest.mark.parametrize("text", ABSENT)
def test_a_type_that_is_not_there_is_refused_with_who_names_it(run: Run, text: str) -> None:
    with pytest.raises((ContractError, RouteError), match=ABSENT[text]):
        run(text)


def test_what_stands_further_down_may_be_named_in_quotes(run: Run) -> None:
    run(
        "class Till(Actor['State']): ...\nclass Add(Command['list[Added]'], topic=SHOP, key='shop'):\n    shop: str\n"
        + DOES.format(job="'Sweep'")
        + SWEEP.format(key="str", field="")
        + "class State(Struct):\n    count: int = 0\nclass Added(Struct):\n    count: int = 0\n"
        "class Adds(Actor[None]):\n    @handles\n    def add(self, message: Add, ctx: Context) -> list[Added]: ...\n"
        "assert Add.reply_type() == list[Added]\nassert Till.state_type() is State\nmake(Till, Adds, works=[Sweeping])\n"
    )
