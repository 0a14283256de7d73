"""A service for tests of the runtime: kilns, whose handlers do wrong what can be done wrong."""

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from bus import Command, Event, Refusal, Topic
from nexus_actors import Actor, Context, Service, ServiceEntry, handles
from tests.poison import VALUES, poison

KILNS = Topic("kiln-ms", partitions=1)
CARTS = Topic("cart-ms", partitions=1)


class Fired(Struct, frozen=True):
    """What a kiln has fired."""

    pots: tuple[str, ...]


class Fire(Command[Fired], topic=KILNS, key="kiln"):
    """Fire a pot. ``spoil`` says what of the turn goes wrong, and ``way`` how; see `tests.poison`."""

    kiln: str
    pot: str
    spoil: str = ""
    way: str = ""


class Heat(Command[dict[str, Any]], topic=KILNS, key="kiln"):
    """Set fields of the state, and answer with them."""

    kiln: str
    celsius: str = "0"
    field: str = "celsius"


class Stack(Command[int], topic=KILNS, key="kiln"):
    """Handled in lists; ``answer`` names what is answered."""

    kiln: str
    answer: str = ""


class Glaze(Command[None], topic=KILNS, key="kiln"):
    """Cannot be made of a colour that does not exist."""

    kiln: str
    colour: str = "blue"

    def __post_init__(self) -> None:
        if self.colour == "octarine":
            raise GeneratorExit(self.colour)


class Carried(Event, topic=CARTS, key="cart"):
    """An event for the kiln that it names."""

    cart: str
    kiln: str


class Part(Struct):
    """A part of a kiln."""

    name: str = ""


class KilnState(Struct):
    """What a kiln remembers."""

    pots: tuple[str, ...] = ()
    celsius: float = 0.0
    perhaps: float | None = None
    anything: Any = None
    shelves: Annotated[int, Meta(ge=0)] = 0
    carried: int = 0
    flue: Part = field(default_factory=Part)
    tools: list[Part] = field(default_factory=list)


kept: list[Context] = []
"""Contexts of turns that have ended, as a task has them that a handler has left behind."""


class Kiln(Actor[KilnState]):
    """Fires pots."""

    def __init__(self, key: str, state: KilnState) -> None:
        if key == "cracked":
            raise SystemExit("It cannot be used.")
        super().__init__(key, state)

    @handles
    async def fire(self, message: Fire, ctx: Context) -> Fired:
        self.state.pots = (*self.state.pots, message.pot)
        match message.spoil:
            case "state":
                poison(message.way, self.state)
            case "answer":
                return VALUES[message.way]  # type: ignore[return-value]
            case "refusal":
                raise Refusal.invalid("told_to", VALUES[message.way])  # type: ignore[arg-type]
            case "key":
                self.key = "another"
            case "context":
                kept.append(ctx)
        return Fired(self.state.pots)

    @handles
    def heat(self, message: Heat, ctx: Context) -> dict[str, Any]:
        value = float(message.celsius)
        if message.field == "answer":
            return {"celsius": value}
        setattr(self.state, message.field, int(value) if message.field == "shelves" else value)
        return {}

    @handles
    def stack(self, messages: list[Stack], ctx: Context) -> list[int]:
        self.state.shelves += len(messages)
        return [VALUES.get(message.answer, 1) for message in messages]  # type: ignore[misc]

    @handles
    def glaze(self, message: Glaze, ctx: Context) -> None:
        if message.colour == "blue":
            ctx.schedule(Glaze(kiln=self.key, colour="red"), ctx.now, "again")

    @handles(key="kiln")
    def carried(self, message: Carried, ctx: Context) -> None:
        self.state.carried += 1


KILN_ENTRY = ServiceEntry(name="kiln-ms", title="Kilns", module="test", port=1, package="tests", layer="business")
kilns = Service(KILN_ENTRY, topic=KILNS, actors=[Kiln])
