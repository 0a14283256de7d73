"""One partition that this worker owns: what has been read, what is held back, what is still to publish."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime

from bus import StreamName
from bus.position import START, Position
from nexus_actors.runtime.delivery import Delivery
from nexus_actors.runtime.store import Fence, OutboxRow, Resumed


class Tracker:
    """How far one stream has been handled: below its lowest entry that is not finished yet."""

    def __init__(self, position: Position) -> None:
        self._read = position
        self._open: set[Position] = set()

    def begin(self, position: Position) -> None:
        """An entry was read."""
        self._read = position
        self._open.add(position)

    def finish(self, position: Position) -> None:
        """An entry is handled, parked or of no interest."""
        self._open.discard(position)

    def checkpoint(self, finished: Iterable[Position] = ()) -> Position:
        """Where a next owner is to take up, once ``finished`` are finished too."""
        still_open = self._open.difference(finished)
        return min(still_open).before() if still_open else self._read


class Held:
    """A key whose first message has failed: it and all that came after it wait."""

    def __init__(self, due_at: datetime, deliveries: Iterable[Delivery]) -> None:
        self.due_at = due_at
        self.deliveries = deque(deliveries)


class Partition:
    """Ownership of one partition, from take-over to hand-over."""

    def __init__(self, number: int, generation: int, resumed: Resumed, streams: Iterable[StreamName]) -> None:
        self.number = number
        self.generation = generation
        self.trackers = {stream: Tracker(resumed.checkpoints.get(stream, START)) for stream in streams}
        self.published_seq = resumed.published_seq
        self.last_seq = resumed.last_seq
        self.parked_keys = resumed.parked_keys
        self.next_timer_at = resumed.next_timer_at
        self.held: dict[str, Held] = {}
        self.unpublished: deque[OutboxRow] = deque()
        self.saved: dict[StreamName, Position] = dict(resumed.checkpoints)
        self.saved_seq = resumed.published_seq

    def fence(self) -> Fence:
        """What a commit of this partition states and checks."""
        return Fence(self.generation, self.published_seq)

    def checkpoints(self, finished: Iterable[Delivery] = ()) -> dict[StreamName, Position]:
        """The checkpoints that have moved, once some deliveries are finished."""
        by_stream: dict[StreamName, list[Position]] = {}
        for delivery in finished:
            if delivery.position is not None:
                by_stream.setdefault(delivery.stream, []).append(delivery.position)
        now = {stream: tracker.checkpoint(by_stream.get(stream, ())) for stream, tracker in self.trackers.items()}
        return {stream: position for stream, position in now.items() if position != self.saved.get(stream, START)}

    def finish(self, delivery: Delivery) -> None:
        """A delivery is done with."""
        if delivery.position is not None:
            self.trackers[delivery.stream].finish(delivery.position)

    def hold(self, key: str, due_at: datetime, deliveries: Iterable[Delivery]) -> None:
        """Hold a key back until an instant; what is held already stays behind."""
        behind = self.held.pop(key).deliveries if key in self.held else ()
        self.held[key] = Held(due_at, [*deliveries, *behind])

    def due(self, now: datetime) -> list[Delivery]:
        """What was held back and may be tried again, key by key in order. It is held no more."""
        ready = [key for key, held in self.held.items() if held.due_at <= now]
        return [delivery for key in ready for delivery in self.held.pop(key).deliveries]

    def next_wake_at(self) -> datetime | None:
        """When something here falls due: a held key or a timer."""
        instants = [held.due_at for held in self.held.values()]
        if self.next_timer_at is not None:
            instants.append(self.next_timer_at)
        return min(instants, default=None)

    @property
    def dirty(self) -> bool:
        """Whether there are checkpoints or marks that no commit has saved yet."""
        return self.published_seq != self.saved_seq or bool(self.checkpoints())
