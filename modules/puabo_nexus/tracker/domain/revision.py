"""Cutting parts of the history anew, after fixes have joined it late.

What a late fix changes is near it: soon after it, the track cuts whatever follows as it did before, and from there on nothing
is read or reckoned. Only the trip that is under way there has another length, and that is a sum of parts: each checkpoint has
the part that was measured since the one before, so the parts beyond the late fix stay as they are. So the work for a late fix
is that of a few checkpoints, however long the trip and the history are.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.domain.history import Checkpoint, History
from modules.puabo_nexus.tracker.domain.segmentation import fold
from modules.puabo_nexus.tracker.domain.track import Leg, Track, TripRules

CHECKPOINT_EVERY = 500
MOST_READ = 3000
"""After so many fixes read, a turn leaves what else there is to cut anew to the next one."""

_TICK = timedelta(microseconds=1)
_MOST_SPANS = 200


class Span(Struct, frozen=True, array_like=True):
    """A part of the time line into which fixes have come late: ``first <= fix_at <= last``."""

    first: datetime
    last: datetime


class Recut(Struct, frozen=True, kw_only=True):
    """What a part of the history looks like now.

    Attributes:
        since: no trip that starts before it has changed; None when all may have.
        before: no trip that starts at it or later is told of here; None when the part reaches up to the newest fix.
        legs: the trips in between that have ended.
        track: the state of the track at the newest fix, where the part reaches up to it.
    """

    since: datetime | None
    before: datetime | None
    legs: list[Leg]
    track: Track | None = None


class Reviser:
    """Cuts the track anew where fixes have come late. The outcome is that of cutting the whole history at once.

    Attributes:
        spans: what is still to be cut anew, in the order of time.
        read: how many fixes have been read.

    Args:
        live: when the stretch began that is measured up to the newest fix.
    """

    def __init__(
        self, history: History, spans: Sequence[Span], live: datetime | None, rules: TripRules, checkpoint_every: int
    ) -> None:
        self.spans = list(spans)
        self.read = 0
        self._history = history
        self._live = live
        self._rules = rules
        self._every = checkpoint_every

    async def next(self, most: int) -> list[Recut]:
        """Cut the first part anew: up to where everything is as it was before, to the newest fix, or as far as ``most`` goes.

        Args:
            most: after so many fixes read, it ends at the next checkpoint.
        """
        first = self.spans[0].first
        walk = await _Walk.begin(self._history, await self._history.checkpoint_before(first), self._rules, self._every)
        since, last = walk.track.floor_at, first
        while True:
            known = await walk.step()
            self.read += walk.stepped
            if walk.is_at_end or walk.at is None:
                self.spans = []
                return [Recut(since=since, before=None, legs=walk.legs, track=walk.track)]
            while self.spans and self.spans[0].last < walk.at:
                last = self.spans.pop(0).last
            is_through = not self.spans or self.spans[0].first > walk.at
            part = Recut(since=since, before=walk.track.floor_at, legs=[*walk.legs])
            if is_through and known is not None and _goes_on_as(known, walk.track, last):
                rest = await self._rest(walk) if known.part is not None else None
                return [part] if rest is None else [part, rest]
            if self.read >= most:
                self._leave_off(walk.at)
                return [part]

    def _leave_off(self, at: datetime) -> None:
        """Go on from this checkpoint the next time."""
        after = at + _TICK
        ends = self.spans.pop(0).last if self.spans and self.spans[0].first <= after else after
        self.spans.insert(0, Span(after, max(after, ends)))

    async def _rest(self, walk: "_Walk") -> Recut | None:
        """The trip that is under way where a walk has ended, measured to its end; None where there is none."""
        start = walk.track.began_at
        if start is None:
            return None
        known = [] if start == self._live else await self._history.trips(start, start + _TICK)
        ended_at = known[0].ended_at if known else None
        is_over = start != self._live and ended_at is None
        if is_over or (self.spans and (ended_at is None or self.spans[0].first <= ended_at)):
            return None  # it came to nothing, or what is still to be cut anew will measure it
        near_end = await self._history.checkpoint_before(ended_at)
        if near_end is not None and near_end.part is not None and near_end.track.began_at == start:
            walk = await _Walk.begin(self._history, near_end, self._rules, self._every)
        while True:
            await walk.step(writes=False)
            self.read += walk.stepped
            legs = [leg for leg in walk.legs if leg.start.at == start]
            if legs:
                return Recut(since=start, before=start + _TICK, legs=legs)
            if walk.is_at_end:
                return Recut(since=start, before=None, legs=[], track=walk.track)


def merged(spans: Sequence[Span], late: Sequence[datetime]) -> list[Span]:
    """Spans with the instants of late fixes among them, in the order of time; near ones as one where there are very many."""
    merged = sorted([*spans, *(Span(instant, instant) for instant in late)], key=lambda span: span.first)
    while len(merged) > _MOST_SPANS:
        pairs = [merged[index : index + 2] for index in range(0, len(merged), 2)]
        merged = [Span(pair[0].first, max(span.last for span in pair)) for pair in pairs]
    return merged


class _Walk:
    """A track led over the history, checkpoint by checkpoint.

    Attributes:
        at: the fix up to which it has come.
        legs: the trips that have ended on the way.
        stepped: how many fixes the last step has read.
        is_at_end: whether there are no more.
    """

    def __init__(
        self, history: History, track: Track, at: datetime | None, cuts: list[datetime], rules: TripRules, every: int
    ) -> None:
        self.track, self.at = track, at
        self.legs: list[Leg] = []
        self.stepped = 0
        self.is_at_end = False
        self._history, self._cuts, self._rules, self._every = history, cuts, rules, every

    @classmethod
    async def begin(cls, history: History, base: Checkpoint | None, rules: TripRules, every: int) -> "_Walk":
        """A walk from a checkpoint, or from the first fix."""
        if base is None:
            return cls(history, Track(), None, await history.cuts(None), rules, every)
        length_m, top_mps = 0.0, 0.0
        if base.track.began_at is not None:
            length_m, top_mps = await history.measured(base.track.began_at, base.at)
        return cls(history, base.track.measured_anew(length_m, top_mps), base.at, await history.cuts(base.at), rules, every)

    async def step(self, *, writes: bool = True) -> Checkpoint | None:
        """Go on to the next checkpoint. Returns the one that was there before.

        Args:
            writes: whether checkpoints are written anew: not where they are as they were, for what comes late beyond them is
                noticed by what they say.
        """
        known = await self._history.checkpoint_after(self.at)
        # A part takes up to twice as many as it had: else each late fix would leave a part of one behind.
        chunk = await self._history.fixes(self.at, known.at if known is not None else None, 2 * self._every)
        self.stepped = len(chunk)
        if known is None or len(chunk) == 2 * self._every:
            known, chunk = None, chunk[: self._every]
        self._fold(chunk)
        if known is not None:
            self.at = known.at  # also where its fix was erased meanwhile
        if self.at is not None and (known is not None or len(chunk) == self._every):
            if writes and self.track.stretch is not None:
                await self._history.save_checkpoint(Checkpoint(self.at, self.track, self.track.close_part()))
            elif known is not None and self.track.stretch is not None:
                self.track.close_part()
            return known
        self.legs += fold(self.track, [], self._cuts, self._rules)
        self.is_at_end = True
        return None

    def _fold(self, chunk: list[Fix]) -> None:
        """Cuts after the chunk wait: a fix that comes before them may follow."""
        if chunk:
            self.at = chunk[-1].fix_at
            self.legs += fold(self.track, chunk, [cut for cut in self._cuts if cut < self.at], self._rules)


def _goes_on_as(known: Checkpoint, track: Track, last: datetime) -> bool:
    """Whether a track cuts what follows as it did when a checkpoint was written.

    Where that was by a release that kept no parts, it is asked whether anything is open that began before the late fixes.
    """
    if known.part is None:
        return known.track.phase == track.phase and known.track.floor_at == track.floor_at and (track.floor_at or last) > last
    return known.track.is_cut_like(track)
