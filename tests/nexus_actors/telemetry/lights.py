"""Two services for tests of traces and logs: a switch over HTTP, and the lamp that follows its events."""

from msgspec import Struct

from bus import Command, Event, Refusal, Topic
from nexus_actors import Actor, Context, Service, ServiceEntry, handles
from nexus_actors.http import Request, Routes
from nexus_actors.http.tokens import Unauthorised
from nexus_actors.principal import Principal
from tests.nexus_actors.telemetry.log_lines import TOKEN

SWITCHES = Topic("switch-ms", partitions=4)
LAMPS = Topic("lamp-ms", partitions=4)


class Turned(Struct, frozen=True):
    """What a switch answers."""

    switch: str


class Turn(Command[Turned], topic=SWITCHES, key="switch", scope="switch:write"):
    """Turn a switch. `never` is refused, `broken` is a fault."""

    switch: str


class SwitchTurned(Event, topic=SWITCHES, key="switch"):
    """A switch was turned; its lamp has another name."""

    switch: str
    lamp: str


class Flickered(Event, topic=LAMPS, key="lamp"):
    """Somebody saw a lamp flicker."""

    lamp: str


class LampLit(Event, topic=LAMPS, key="lamp"):
    """A lamp is lit."""

    lamp: str


class FlickersCounted(Event, topic=LAMPS, key="lamp"):
    """So many were handled in one call."""

    lamp: str
    count: int


class Switch(Actor[None]):
    """Tells that it was turned."""

    @handles
    def turn(self, message: Turn, ctx: Context) -> Turned:
        if message.switch == "never":
            raise Refusal.conflict("switch_stuck", "This switch cannot be turned. Take another.")
        if message.switch == "broken":
            raise ValueError(f"no current for {TOKEN}")
        ctx.log.info("switch_turned", authorization=f"Bearer {TOKEN}", note=f"by {TOKEN}")
        ctx.publish(SwitchTurned(switch=message.switch, lamp=f"lamp of {message.switch}"))
        return Turned(message.switch)


class Lamp(Actor[None]):
    """Lights up."""

    @handles(key="lamp")
    def turned(self, message: SwitchTurned, ctx: Context) -> None:
        ctx.log.info("lamp_lit")
        ctx.publish(LampLit(lamp=message.lamp))

    @handles
    def flickered(self, messages: list[Flickered], ctx: Context) -> None:
        ctx.publish(FlickersCounted(lamp=self.key, count=len(messages)))


routes = Routes(tag="switches")


@routes.post("/v1/switches/{switch}:turn", scope="switch:write")
async def turn(request: Request, switch: str) -> Turned:
    """Turn a switch."""
    return await request.ask(Turn(switch=switch))


class OneToken:
    """Knows one token, which looks like a real one."""

    def verify(self, token: str, audience: str) -> Principal:
        if token != TOKEN:
            raise Unauthorised("token_invalid", "This token is not known.")
        return Principal(subject="ana", tenant="main", scopes=frozenset({"switch:write"}))


def _entry(name: str) -> ServiceEntry:
    return ServiceEntry(name=name, title=name, module="test", port=1, package="tests", layer="business")


def lights() -> list[Service]:
    """Both services."""
    return [
        Service(_entry("switch-ms"), topic=SWITCHES, actors=[Switch], routes=[routes]),
        Service(_entry("lamp-ms"), topic=LAMPS, actors=[Lamp]),
    ]


FAILS_SOON = {"NEXUS_MAX_ATTEMPTS": "2", "NEXUS_RETRY_BASE_S": "0.01"}
