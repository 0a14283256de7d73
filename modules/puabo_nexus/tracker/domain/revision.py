"""Cutting a part of the history anew, after fixes have joined it late."""

from datetime import datetime

from msgspec import Struct

from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.domain.history import Checkpoint, History
from modules.puabo_nexus.tracker.domain.segmentation import fold
from modules.puabo_nexus.tracker.domain.track import Leg, Track, TripRules

CHECKPOINT_EVERY = 500


class Recut(Struct, frozen=True):
    """What a part of the history looks like now.

    Attributes:
        since: no trip that starts before it has changed; None when all may have.
        before: no trip that starts at it or later has changed; None when the part reaches up to the newest fix.
        legs: the trips in between that have ended.
        track: the state of the track at the newest fix, where the part reaches up to it.
    """

    since: datetime | None
    before: datetime | None
    legs: list[Leg]
    track: Track | None


async def recut(
    history: History, first: datetime, last: datetime, rules: TripRules, checkpoint_every: int = CHECKPOINT_EVERY
) -> Recut:
    """Cut the track anew, after fixes between ``first`` and ``last`` have been added to the history.

    It begins at the newest checkpoint before them, and ends where the track, past them, comes to a checkpoint in the very
    state that it had there before: from there on everything is as it was. So the work is bounded by the trips that the late
    fixes touch, not by the length of the history; and the outcome is that of cutting the whole history at once.
    """
    base = await history.checkpoint_before(first)
    track = base.track if base is not None else Track()
    since = track.floor_at
    after = base.at if base is not None else None
    cuts = await history.cuts(after)
    legs: list[Leg] = []
    while True:
        old = await history.checkpoint_after(after)
        chunk = await history.fixes(after, old.at if old is not None else None, checkpoint_every)
        legs += _fold_chunk(track, chunk, cuts, rules)
        after = chunk[-1].fix_at if chunk else after
        reached = old is not None and after == old.at
        if old is not None and reached and after is not None and after > last and old.track == track:
            return Recut(since, track.floor_at, legs, None)
        if chunk and (reached or len(chunk) == checkpoint_every):
            await history.save_checkpoint(Checkpoint(chunk[-1].fix_at, track))
        else:
            legs += fold(track, [], cuts, rules)
            return Recut(since, None, legs, track)


def _fold_chunk(track: Track, chunk: list[Fix], cuts: list[datetime], rules: TripRules) -> list[Leg]:
    """Cuts after the chunk wait: a fix that comes before them may follow."""
    if not chunk:
        return []
    return fold(track, chunk, [cut for cut in cuts if cut < chunk[-1].fix_at], rules)
