"""The actors that are alive on this worker, with their states."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from nexus_actors.actor import Actor
from nexus_actors.runtime.store import StateRow, TurnStore

_encoder = msgspec.json.Encoder()


class Activation:
    """One actor, alive.

    Attributes:
        saved: its state as the database has it; None when it has none.
        settled: its state after the last turn that went well.
    """

    def __init__(self, actor_type: type[Actor[Any]], key: str, saved: bytes | None, partition: int) -> None:
        self._type = actor_type
        self._state_type = actor_type.state_type()
        self.partition = partition
        self.saved = saved
        self.settled = saved
        self.actor: Actor[Any] = actor_type(key, None)
        self.restore()

    def restore(self) -> None:
        """Go back to the state after the last turn that went well."""
        if self._state_type is None:
            return
        self.actor.state = (
            self._state_type() if self.settled is None else msgspec.json.decode(self.settled, type=self._state_type)
        )

    def settle(self) -> None:
        """A turn went well: its state is the one to go back to."""
        if self._state_type is not None:
            self.settled = _encoder.encode(self.actor.state)

    def row(self) -> StateRow | None:
        """What there is to save; None when nothing has changed."""
        if self.settled is None or self.settled == self.saved:
            return None
        return StateRow(self._type.__name__, self.actor.key, self.settled)


class Activations:
    """The activations of one service, the longest unused of which go when there are too many.

    Args:
        limit: how many stay in memory between turns.
    """

    def __init__(self, store: TurnStore, actors: Sequence[type[Actor[Any]]], limit: int = 10_000) -> None:
        self._store = store
        self._actors = actors
        self._limit = limit
        self._alive: OrderedDict[tuple[str, str], Activation] = OrderedDict()

    def __len__(self) -> int:
        return len(self._alive)

    async def wake(self, wanted: Iterable[tuple[type[Actor[Any]], str, int]]) -> None:
        """Activate these (actor, key, partition), reading all their states in one go."""
        missing = {
            (actor.__name__, key): (actor, partition)
            for actor, key, partition in wanted
            if (actor.__name__, key) not in self._alive
        }
        stateful = [name for name, (actor, _) in missing.items() if actor.state_type() is not None]
        states = await self._store.states(stateful) if stateful else {}
        for name, (actor, partition) in missing.items():
            self._alive[name] = Activation(actor, name[1], states.get(name), partition)

    def get(self, actor: type[Actor[Any]], key: str) -> Activation:
        """An activation that was woken."""
        name = (actor.__name__, key)
        self._alive.move_to_end(name)
        return self._alive[name]

    def drop(self, activations: Iterable[Activation]) -> None:
        """Forget activations whose turns were not committed; the next use reads their states again."""
        for activation in activations:
            self._alive.pop((type(activation.actor).__name__, activation.actor.key), None)

    def drop_key(self, key: str) -> None:
        """Forget the actors of one key."""
        for actor in self._actors:
            self._alive.pop((actor.__name__, key), None)

    def drop_partition(self, partition: int) -> None:
        """Forget a partition that another worker owns now."""
        self.drop([a for a in self._alive.values() if a.partition == partition])

    def shrink(self) -> None:
        """Let the longest unused ones go, down to the limit."""
        while len(self._alive) > self._limit:
            self._alive.popitem(last=False)
