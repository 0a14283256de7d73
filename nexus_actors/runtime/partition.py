"""One partition that this worker owns: what has been read, what is held back, what is still to publish."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
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

    def __init__(self, since: datetime, due_at: datetime, deliveries: Iterable[Delivery], waits_for: str = "") -> None:
        self.since = since
        self.due_at = due_at
        self.waits_for = waits_for
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

    All that changes in it is changed by its methods; who else is concerned looks.

    Attributes:
        number, generation: which it is, and of which lease.
    """

    def __init__(self, number: int, generation: int, resumed: Resumed, streams: Iterable[StreamName]) -> None:
        self.number: Final = number
        self.generation: Final = generation
        self._trackers = {stream: Tracker(resumed.checkpoints.get(stream, START)) for stream in streams}
        self._published_seq = resumed.published_seq
        self._sent_seq = resumed.published_seq
        self._safe_seq = resumed.safe_seq
        self._published_under = resumed.history
        self._read_under = resumed.history
        self._caught_up = False
        self._left = False
        self._last_seq = resumed.last_seq
        self._parked_keys = set(resumed.parked_keys)
        self._next_timer_at = resumed.next_timer_at
        self._timers_seen: TimerPlace | None = None
        self._held: dict[Identity, Held] = {}
        self._unpublished: deque[OutboxRow] = deque()
        self._saved: dict[StreamName, Position] = dict(resumed.checkpoints)
        self._saved_history = resumed.history
        self._saved_fence = self.fence()
        self._confirmed: tuple[datetime, int] | None = None
        self._certain_at: datetime | None = None
        self._published_at: datetime | None = None

    @property
    def trackers(self) -> Mapping[StreamName, Tracker]:
        """How far each of its streams has been handled."""
        return self._trackers

    @property
    def held(self) -> Mapping[Identity, Held]:
        """The keys that are held back."""
        return self._held

    @property
    def parked_keys(self) -> Set[Identity]:
        """The keys with dead letters."""
        return self._parked_keys

    @property
    def unpublished(self) -> Sequence[OutboxRow]:
        """What has been committed and not been published."""
        return self._unpublished

    @property
    def published_seq(self) -> int:
        """Everything in its outbox up to here has been published."""
        return self._published_seq

    @property
    def safe_seq(self) -> int:
        """So far it had been published `LOST_TAIL` before the history was last seen to be the same.

        The store cannot have lost that.
        """
        return self._safe_seq

    @property
    def last_seq(self) -> int:
        """The last number that was given to something in its outbox."""
        return self._last_seq

    @property
    def published_under(self) -> str:
        """The history of the stream store that confirmed what has been published."""
        return self._published_under

    @property
    def read_under(self) -> str:
        """The history that the positions of the trackers are of."""
        return self._read_under

    @property
    def left(self) -> bool:
        """Whether its deliveries are left to the next owner."""
        return self._left

    @property
    def timers_seen(self) -> TimerPlace | None:
        """The due timers up to here have been looked at in this pass over them; None at its beginning."""
        return self._timers_seen

    @property
    def next_timer_at(self) -> datetime | None:
        """When its next timer falls due; None without any."""
        return self._next_timer_at

    def fence(self) -> Fence:
        """What a commit of this partition states and checks."""
        history = self._read_under if self._read_under == self._published_under else self._saved_history
        return Fence(self.generation, self._published_seq, self._safe_seq, history)

    def fence_saved(self, fence: Fence, checkpoints: Mapping[StreamName, Position]) -> None:
        """A commit has stated this, and saved these checkpoints, of which some may be of other partitions."""
        self._saved_fence = fence
        self._saved_history = fence.history
        self._saved.update({stream: position for stream, position in checkpoints.items() if stream in self._trackers})

    def leave(self) -> None:
        """Leave its deliveries to the next owner."""
        self._left = True

    def number_row(self) -> int:
        """The number of what is to be added to its outbox next."""
        self._last_seq += 1
        return self._last_seq

    def queue(self, rows: Iterable[OutboxRow]) -> None:
        """These have been committed, and are to be published."""
        self._unpublished.extend(rows)

    def catch_up(self) -> bool:
        """Whether what its outbox has behind `published_seq` is to be published now; asked once, it is not again."""
        if self._caught_up:
            return False
        self._caught_up = True
        return True

    def published(self, now: datetime, failed: Collection[StreamName] = ()) -> None:
        """What was unpublished has been confirmed now, but for what goes to ``failed`` streams."""
        before = self._published_seq
        self._sent_seq = max(self._sent_seq, self._unpublished[-1].seq)
        if failed:
            self._unpublished = deque(row for row in self._unpublished if row.stream in failed)
        else:
            self._unpublished.clear()
        self._published_seq = self._unpublished[0].seq - 1 if self._unpublished else self._sent_seq
        at, seq = self._confirmed or (now, before)
        # A confirmation alone proves nothing: it may come from one server while another that had confirmed before is gone.
        if self._certain_at is not None and self._certain_at - at >= LOST_TAIL:
            self._safe_seq = seq
            at, seq = now, self._published_seq
        elif now < at:
            at = now
        self._confirmed = at, seq
        self._published_at = now

    def see_history(self, history: str, at: datetime) -> None:
        """The store was in this history at an instant. If it is another one, what it had confirmed last goes out again."""
        self._certain_at = at
        if self._published_under not in {"", history}:
            self.publish_again(self._safe_seq)
        elif self._published_at is not None and at - self._published_at >= LOST_TAIL:
            self._safe_seq = self._published_seq
            self._confirmed = self._published_at = None
        self._published_under = history

    @property
    def sent_seq(self) -> int:
        """The highest number that was ever sent to the streams, as far as this owner knows."""
        return self._sent_seq

    def publish_again(self, after: int) -> None:
        """Everything in the outbox behind ``after`` goes out once more."""
        self._published_seq = self._sent_seq = min(self._published_seq, after)
        self._unpublished.clear()
        self._caught_up = False
        self._confirmed = None

    def read_again(self, history: str, positions: Mapping[StreamName, Position]) -> None:
        """Its streams are read from behind these positions again, and in this history from now on."""
        for stream, position in positions.items():
            self._trackers[stream].rewind(position)
        self._read_under = history

    def checkpoints(self, finished: Iterable[Delivery] = ()) -> dict[StreamName, Position]:
        """The checkpoints that have moved, once some deliveries are finished."""
        by_stream: dict[StreamName, list[Position]] = {}
        for delivery in finished:
            if delivery.position is not None:
                by_stream.setdefault(delivery.stream, []).append(delivery.position)
        now = {stream: tracker.checkpoint(by_stream.get(stream, ())) for stream, tracker in self._trackers.items()}
        return {stream: position for stream, position in now.items() if position != self._saved.get(stream, START)}

    def begin(self, stream: StreamName, position: Position) -> None:
        """An entry of one of its streams was read."""
        self._trackers[stream].begin(position)

    def pass_over(self, stream: StreamName, position: Position) -> None:
        """An entry is of no interest, or has been put where it waits."""
        self._trackers[stream].finish(position)

    def finish(self, delivery: Delivery) -> None:
        """A delivery is done with."""
        if delivery.position is not None:
            self._trackers[delivery.stream].finish(delivery.position)

    def hold(
        self, identity: Identity, now: datetime, wait: timedelta, deliveries: Iterable[Delivery], waits_for: str = ""
    ) -> None:
        """Hold a key back for a while; what is held already stays behind. For ``waits_for`` see `Held`."""
        behind = self._held.pop(identity, ())
        self._held[identity] = Held(now, now + wait, [*deliveries, *behind], waits_for)

    def hold_behind(self, delivery: Delivery) -> None:
        """One more waits behind what is held of its key."""
        self._held[delivery.identity].add(delivery)

    def park(self, identity: Identity) -> None:
        """A key has dead letters now, and all that waited is among them."""
        self.let_go(identity)
        self._parked_keys.add(identity)

    def unpark(self, identity: Identity) -> None:
        """It has none any more."""
        self._parked_keys.discard(identity)

    def let_go(self, identity: Identity) -> list[Delivery]:
        """Hold a key back no more; give what had waited. Its timers may fire again, so they are looked at anew."""
        held = self._held.pop(identity, None)
        if held is None:
            return []
        self._next_timer_at = held.since if self._next_timer_at is None else min(self._next_timer_at, held.since)
        return list(held)

    def note_timer(self, due_at: datetime) -> None:
        """A timer was set."""
        if self._next_timer_at is None or due_at < self._next_timer_at:
            self._next_timer_at = due_at

    def timers_looked_at(self, up_to: TimerPlace | None, next_at: datetime | None) -> None:
        """Its due timers have been looked at; for ``up_to`` see `timers_seen`, and ``next_at`` is when to look again."""
        self._timers_seen = up_to
        self._next_timer_at = next_at

    def due(self, now: datetime, most: int) -> list[Delivery]:
        """What was held back and may be tried again, key by key in order, of so many keys. It is held no more.

        A key that is held back again comes after the others that are due by then.
        """
        if not self._held:
            return []
        ready = list(islice((identity for identity, held in self._held.items() if held.is_due(now)), most))
        return [delivery for identity in ready for delivery in self.let_go(identity)]

    def held_count(self) -> int:
        """How many deliveries wait behind keys that are held back."""
        return sum(map(len, self._held.values()))

    def next_wake_at(self, now: datetime) -> datetime | None:
        """When something here falls due: a held key or a timer."""
        instants = [now if held.is_due(now) else held.due_at for held in self._held.values()]
        if self._next_timer_at is not None:
            instants.append(self._next_timer_at)
        return min(instants, default=None)

    @property
    def dirty(self) -> bool:
        """Whether there are checkpoints or marks that no commit has saved yet."""
        return self.fence() != self._saved_fence or bool(self.checkpoints())
