"""One partition that this worker owns: what has been read, what is held back, what is still to publish."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from bus import StreamName
from bus.position import START, Position
from nexus_actors.identity import Identity
from nexus_actors.runtime.delivery import Delivery
from nexus_actors.runtime.store import Fence, OutboxRow, Resumed, TimerPlace

LOST_TAIL: Final = timedelta(seconds=5)
"""How much confirmed writing the stream store may lose when it breaks (Redis with ``appendfsync everysec``: about 2 s)."""


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

    def rewind(self, position: Position) -> None:
        """The stream is read again from behind a position."""
        self._read = min(self._read, position)

    def checkpoint(self, finished: Iterable[Position] = ()) -> Position:
        """Where a next owner is to take up, once ``finished`` are finished too."""
        still_open = self._open.difference(finished)
        return min(min(still_open).before(), self._read) if still_open else self._read


class Held:
    """A key whose first message has failed: it and all that came after it wait.

    Attributes:
        since: when it was held back.
        waits_for: what it waits for, in words that everybody may read; empty where it has failed and is tried again.
    """

    def __init__(self, since: datetime, due_at: datetime, deliveries: Iterable[Delivery]) -> None:
        self.since = since
        self.due_at = due_at
        self.waits_for = ""
        self._waiting: deque[Delivery] = deque()
        self._first: dict[UUID, Delivery] = {}
        for delivery in deliveries:
            self.add(delivery)

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Delivery]:
        return iter(self._waiting)

    @property
    def first(self) -> Delivery:
        """What all the others wait behind."""
        return self._waiting[0]

    def add(self, delivery: Delivery) -> None:
        """One more waits behind the others."""
        self._waiting.append(delivery)
        self._first.setdefault(delivery.message_id, delivery)

    def find(self, message_id: UUID) -> Delivery | None:
        """The first delivery of a message that waits here, if there is one."""
        return self._first.get(message_id)

    def is_due(self, now: datetime) -> bool:
        """Whether the wait is over; it is too where the clock has gone back behind its beginning."""
        return self.due_at <= now or now < self.since


class Partition:
    """Ownership of one partition, from take-over to hand-over.

    Attributes:
        published_seq: everything in its outbox up to here has been published.
        safe_seq: so far it had been published `LOST_TAIL` before the history was last seen to be the same; the store cannot
            have lost that.
        published_under: the history of the stream store that this was confirmed by.
        read_under: the history that the positions of the trackers are of.
        caught_up: everything in its outbox has been published.
        left: its deliveries are left to the next owner.
        timers_seen: the due timers up to here have been looked at in this pass over them; None at its beginning.
    """

    def __init__(self, number: int, generation: int, resumed: Resumed, streams: Iterable[StreamName]) -> None:
        self.number = number
        self.generation = generation
        self.trackers = {stream: Tracker(resumed.checkpoints.get(stream, START)) for stream in streams}
        self.published_seq = resumed.published_seq
        self._sent_seq = resumed.published_seq
        self.safe_seq = resumed.safe_seq
        self.published_under = resumed.history
        self.read_under = resumed.history
        self.caught_up = False
        self.left = False
        self.last_seq = resumed.last_seq
        self.parked_keys = resumed.parked_keys
        self.next_timer_at = resumed.next_timer_at
        self.timers_seen: TimerPlace | None = None
        self.held: dict[Identity, Held] = {}
        self.unpublished: deque[OutboxRow] = deque()
        self.saved: dict[StreamName, Position] = dict(resumed.checkpoints)
        self._saved_history = resumed.history
        self.saved_fence = self.fence()
        self._confirmed: tuple[datetime, int] | None = None
        self._certain_at: datetime | None = None
        self._published_at: datetime | None = None

    def fence(self) -> Fence:
        """What a commit of this partition states and checks."""
        history = self.read_under if self.read_under == self.published_under else self._saved_history
        return Fence(self.generation, self.published_seq, self.safe_seq, history)

    def fence_saved(self, fence: Fence) -> None:
        """A commit has stated this."""
        self.saved_fence = fence
        self._saved_history = fence.history

    def published(self, now: datetime, failed: Collection[StreamName] = ()) -> None:
        """What was unpublished has been confirmed now, but for what goes to ``failed`` streams."""
        before = self.published_seq
        self._sent_seq = max(self._sent_seq, self.unpublished[-1].seq)
        if failed:
            self.unpublished = deque(row for row in self.unpublished if row.stream in failed)
        else:
            self.unpublished.clear()
        self.published_seq = self.unpublished[0].seq - 1 if self.unpublished else self._sent_seq
        at, seq = self._confirmed or (now, before)
        # A confirmation alone proves nothing: it may come from one server while another that had confirmed before is gone.
        if self._certain_at is not None and self._certain_at - at >= LOST_TAIL:
            self.safe_seq = seq
            at, seq = now, self.published_seq
        elif now < at:
            at = now
        self._confirmed = at, seq
        self._published_at = now

    def see_history(self, history: str, at: datetime) -> None:
        """The store was in this history at an instant. If it is another one, what it had confirmed last goes out again."""
        self._certain_at = at
        if self.published_under not in {"", history}:
            self.publish_again(self.safe_seq)
        elif self._published_at is not None and at - self._published_at >= LOST_TAIL:
            self.safe_seq = self.published_seq
            self._confirmed = self._published_at = None
        self.published_under = history

    @property
    def sent_seq(self) -> int:
        """The highest number that was ever sent to the streams, as far as this owner knows."""
        return self._sent_seq

    def publish_again(self, after: int) -> None:
        """Everything in the outbox behind ``after`` goes out once more."""
        self.published_seq = self._sent_seq = min(self.published_seq, after)
        self.unpublished.clear()
        self.caught_up = False
        self._confirmed = None

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

    def hold(self, identity: Identity, now: datetime, wait: timedelta, deliveries: Iterable[Delivery]) -> None:
        """Hold a key back for a while; what is held already stays behind."""
        behind = self.held.pop(identity, ())
        self.held[identity] = Held(now, now + wait, [*deliveries, *behind])

    def let_go(self, identity: Identity) -> list[Delivery]:
        """Hold a key back no more; give what had waited. Its timers may fire again, so they are looked at anew."""
        held = self.held.pop(identity, None)
        if held is None:
            return []
        self.next_timer_at = held.since if self.next_timer_at is None else min(self.next_timer_at, held.since)
        return list(held)

    def due(self, now: datetime, most: int) -> list[Delivery]:
        """What was held back and may be tried again, key by key in order, of so many keys. It is held no more.

        A key that is held back again comes after the others that are due by then.
        """
        if not self.held:
            return []
        ready = list(islice((identity for identity, held in self.held.items() if held.is_due(now)), most))
        return [delivery for identity in ready for delivery in self.let_go(identity)]

    def held_count(self) -> int:
        """How many deliveries wait behind keys that are held back."""
        return sum(map(len, self.held.values()))

    def next_wake_at(self, now: datetime) -> datetime | None:
        """When something here falls due: a held key or a timer."""
        instants = [now if held.is_due(now) else held.due_at for held in self.held.values()]
        if self.next_timer_at is not None:
            instants.append(self.next_timer_at)
        return min(instants, default=None)

    @property
    def dirty(self) -> bool:
        """Whether there are checkpoints or marks that no commit has saved yet."""
        return self.fence() != self.saved_fence or bool(self.checkpoints())
