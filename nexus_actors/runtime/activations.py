"""The actors that are alive on this worker, with their states."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from bus import NewerRelease
from bus.round_trip import LONGEST_STATE, RoundTrip
from bus.schema import schema_mark
from bus.text import error_text
from nexus_actors.actor import Actor
from nexus_actors.errors import NexusError
from nexus_actors.failures.blame import blamed
from nexus_actors.identity import Identity
from nexus_actors.runtime.store import StateRow, TurnStore
from nexus_actors.runtime.unknown_fields import StateWriter

Name = tuple[str, str, str]
"""Of an actor: its class's, its tenant, its key."""


class StateUnreadable(NexusError):
    """What the database has of an actor's state cannot be read as its type."""

    def __init__(self, actor: str, tenant: str, key: str, reason: Exception) -> None:
        whose = f" of tenant {tenant!r}" if tenant else ""
        super().__init__(
            f"The state of {actor} {key!r}{whose} cannot be read: {error_text(reason)}. `nexus states` shows, replaces and "
            "drops states; redrive the key's dead letters afterwards."
        )


class StateForm(Struct, frozen=True):
    """How the states of one kind of actor are made, written and read."""

    make: type[Struct]
    trip: RoundTrip
    mark: str

    @classmethod
    def of(cls, actor: type[Actor[Any]]) -> "StateForm | None":
        """That of an actor; None where it has no state."""
        state_type = actor.state_type()
        if state_type is None:
            return None
        trip = RoundTrip(state_type, f"The state of {actor.__name__}", longest=LONGEST_STATE)
        return cls(state_type, trip, schema_mark(state_type))


class Activation:
    """One actor, alive.

    Attributes:
        name: its actor, tenant and key.
        saved: its state as the database has it; None when it has none.
        settled: its state after the last turn that went well.
        problem: why it cannot be used: a turn with it fails for this. `StateUnreadable`, `bus.NewerRelease`, or what its class
            raised when it was to be made.
    """

    def __init__(
        self, actor_type: type[Actor[Any]], identity: Identity, saved: bytes | None, partition: int, form: StateForm | None
    ) -> None:
        self._type = actor_type
        self._form = form
        self.name = (actor_type.__name__, *identity)
        self.partition = partition
        self.saved = saved
        self.settled = saved
        self.problem: Exception | None = None
        self._writer = StateWriter("" if form is None else form.mark)
        self._body: bytes | None = None
        try:
            self.actor = actor_type(identity.key, None)
            self.restore()
            if saved is not None and form is not None:
                self._writer.has_read(saved, self.actor.state)
        except BaseException as error:  # noqa: BLE001 - the actor's own code: one that cannot be made stops nobody else
            self.problem = blamed(error)

    def restore(self) -> None:
        """Go back to the state after the last turn that went well."""
        if self._form is None:
            return
        if self.settled is None:
            self.actor.state = self._form.make()
            return
        try:
            self.actor.state = self._form.trip.read(self.settled)
        except BaseException as error:  # noqa: BLE001 - the class of the state may raise what it likes
            reason = blamed(error)
            if self._writer.is_foreign(self.settled):
                told = f"the state of {self.name[0]} was written by another schema than this release has: {reason}"
                raise NewerRelease(told) from reason
            raise StateUnreadable(*self.name, reason) from reason

    def settle(self) -> None:
        """A turn went well: its state is the one to go back to.

        The next turn has it as it has been written, as after a restart: what JSON does not keep (the zone of an instant, the
        default of a mapping, that two fields are one object) is not there in memory only until the worker is another one.

        Raises:
            Unwritable, TooLarge: it could not be read again, or has more than 16 MiB.
        """
        if self._form is None:
            return
        body, self.actor.state = self._form.trip.exchange(self.actor.state)
        if body != self._body:
            self._body = body
            self.settled = self._writer.write(self.actor.state, body)

    @property
    def size(self) -> int:
        """The bytes of its state, as they are saved."""
        return 0 if self.settled is None else len(self.settled)

    def row(self) -> StateRow | None:
        """What there is to save; None when nothing has changed."""
        if self.settled is None or self.settled == self.saved:
            return None
        return StateRow(*self.name, self.settled)


class Activations:
    """The activations of one service, the longest unused of which go when there are too many, or too large ones.

    Args:
        limit: how many stay in memory between turns.
        limit_bytes: how many bytes of states, as they are saved. Alive, they take several times as much.
    """

    def __init__(
        self, store: TurnStore, actors: Sequence[type[Actor[Any]]], limit: int = 10_000, limit_bytes: int = 33_554_432
    ) -> None:
        self._store = store
        self._forms = {actor: StateForm.of(actor) for actor in actors}
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._alive: OrderedDict[Name, Activation] = OrderedDict()
        self._sizes: dict[Name, int] = {}
        self._bytes = 0
        # Of these the sizes may have changed.
        self._touched: set[Name] = set()

    def __len__(self) -> int:
        return len(self._alive)

    def __contains__(self, name: object) -> bool:
        """Whether the actor of a name, which is its class's, its tenant and its key, is alive."""
        return name in self._alive

    async def wake(self, wanted: Iterable[tuple[type[Actor[Any]], Identity, int]]) -> None:
        """Activate these (actor, identity, partition), reading all their states in one go.

        One that cannot be used is there too, with its `Activation.problem`.
        """
        missing = {
            name: (actor, identity, partition)
            for actor, identity, partition in wanted
            if (name := (actor.__name__, *identity)) not in self._alive
        }
        stateful = [name for name, (actor, _, _) in missing.items() if self._forms[actor] is not None]
        states = await self._store.states(stateful) if stateful else {}
        for name, (actor, identity, partition) in missing.items():
            self._alive[name] = Activation(actor, identity, states.get(name), partition, self._forms[actor])
            self._touched.add(name)

    def form(self, actor: type[Actor[Any]]) -> StateForm | None:
        """How the states of one of the service's actors are written and read; None where it has none."""
        return self._forms[actor]

    def get(self, actor: type[Actor[Any]], identity: Identity) -> Activation:
        """An activation that was woken."""
        name = (actor.__name__, *identity)
        self._alive.move_to_end(name)
        self._touched.add(name)
        return self._alive[name]

    def drop(self, activations: Iterable[Activation]) -> None:
        """Forget activations whose turns were not committed; the next use reads their states again."""
        for activation in activations:
            self._forget(activation.name)

    def drop_identity(self, identity: Identity) -> None:
        """Forget the actors of one identity."""
        for actor in self._forms:
            self._forget((actor.__name__, *identity))

    def drop_partition(self, partition: int) -> None:
        """Forget a partition that another worker owns now."""
        self.drop([a for a in self._alive.values() if a.partition == partition])

    def _forget(self, name: Name) -> None:
        if self._alive.pop(name, None) is not None:
            self._touched.add(name)

    def shrink(self) -> None:
        """Let the longest unused ones go, down to the limits."""
        for name in self._touched:
            alive = self._alive.get(name)
            self._weigh(name, 0 if alive is None else alive.size)
        self._touched.clear()
        while len(self._alive) > self._limit or self._bytes > self._limit_bytes:
            name, _ = self._alive.popitem(last=False)
            self._weigh(name, 0)

    def _weigh(self, name: Name, size: int) -> None:
        self._bytes += size - self._sizes.pop(name, 0)
        if size:
            self._sizes[name] = size
