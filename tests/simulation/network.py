"""The way between workers and servers, on which anything may happen."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, Literal, TypeVar

import anyio
from anyio.abc import TaskGroup
from msgspec import Struct

from tests.simulation.trace import Trace

T = TypeVar("T")
Kind = Literal["database", "read", "append"]


class Killed(KeyboardInterrupt):
    """The worker is dead: nothing of it goes on."""


class Weather(Struct):
    """How likely it is that something happens to one call, and how long calls take (seconds, on average)."""

    lost_request: float = 0.0
    lost_reply: float = 0.0
    late: float = 0.0
    slow: float = 0.0
    latency_s: float = 0.002


class Server:
    """A server as its clients' connections see it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.up = True
        self.epoch = 0

    def stop(self) -> None:
        """All connections break; what was under way is answered to nobody."""
        self.up = False
        self.epoch += 1


class Line:
    """The connections of one worker.

    Attributes:
        cut_from: the servers that nothing gets through to, though others reach them.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = False
        self.cut_from: set[str] = set()
        self._thawed: anyio.Event | None = None
        self._epochs: dict[Kind, int] = {}

    @property
    def frozen(self) -> bool:
        return self._thawed is not None

    def freeze(self) -> None:
        """Stop the process: what it does next waits until it goes on."""
        self._thawed = self._thawed or anyio.Event()

    def thaw(self) -> None:
        if self._thawed is not None:
            self._thawed.set()
            self._thawed = None

    async def awake(self) -> None:
        """Wait while the process is stopped.

        Raises:
            Killed: it is dead.
        """
        while self._thawed is not None and not self.dead:
            await self._thawed.wait()
        if self.dead:
            raise Killed

    def stale(self, kind: Kind, server: Server) -> bool:
        """Whether the connection of this kind was broken since it was last used; it is connected again now."""
        known = self._epochs.get(kind, server.epoch)
        self._epochs[kind] = server.epoch
        return known != server.epoch


class _Reply:
    def __init__(self) -> None:
        self.ready = anyio.Event()
        self.value: Any = None
        self.error: Exception | None = None

    def give(self, value: Any = None, error: Exception | None = None) -> None:
        if not self.ready.is_set():
            self.value, self.error = value, error
            self.ready.set()


class Call(Struct):
    """One call on its way.

    Attributes:
        lost: what its caller is told when no answer comes.
    """

    line: Line
    kind: Kind
    name: str
    operation: Callable[[], Awaitable[Any]]
    lost: Callable[[str], Exception]


class Network:
    """Carries calls to the servers; `Weather` and chance decide how each of them fares.

    A call takes effect at its server whatever becomes of its caller meanwhile, as a packet does that is on its way.
    """

    def __init__(self, servers: TaskGroup, chance: Random, trace: Trace) -> None:
        self.weather = Weather()
        self.database = Server("database")
        self.streams = Server("streams")
        self._servers = servers
        self._chance = chance
        self._trace = trace

    async def call(self, call: Call) -> Any:
        """Carry one call there and its answer back.

        Raises:
            Killed: the caller is dead.
        """
        await call.line.awake()
        reply = _Reply()
        self._servers.start_soon(self._carry, call, reply)
        await reply.ready.wait()
        await call.line.awake()
        if reply.error is not None:
            raise reply.error
        return reply.value

    async def _carry(self, call: Call, reply: _Reply) -> None:
        server = self.database if call.kind == "database" else self.streams
        await self._travel()
        if not server.up or server.name in call.line.cut_from or call.line.stale(call.kind, server):
            self._fail(call, reply, f"{server.name}: connection reset")
            return
        chance, weather, epoch = self._chance.random(), self.weather, server.epoch
        if chance < weather.lost_request:
            self._fail(call, reply, "request lost")
            return
        chance -= weather.lost_request
        if chance < weather.late:
            self._fail(call, reply, "request late")
            await anyio.sleep(self._chance.expovariate(1.0))
        if server.epoch == epoch:
            await self._serve(call, reply, server, epoch, lost=0 <= chance - weather.late < weather.lost_reply)

    async def _serve(self, call: Call, reply: _Reply, server: Server, epoch: int, *, lost: bool) -> None:
        value: Any = None
        failure: Exception | None = None
        try:
            value = await call.operation()
        except Exception as error:  # noqa: BLE001 - whatever the server answers goes to the caller
            failure = error
        if call.kind != "read":
            self._trace.note(call.line.name, call.name, "failed: " + str(failure) if failure else "took effect")
        await self._travel()
        if lost or server.epoch != epoch:
            self._fail(call, reply, "reply lost")
        else:
            reply.give(value, failure)

    def _fail(self, call: Call, reply: _Reply, why: str) -> None:
        self._trace.note(call.line.name, call.name, why)
        reply.give(error=call.lost(f"{call.name}: {why}"))

    async def _travel(self) -> None:
        slow = self._chance.random() < self.weather.slow
        await anyio.sleep(self._chance.expovariate(1.0) if slow else self._chance.expovariate(1.0 / self.weather.latency_s))
