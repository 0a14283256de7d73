"""Trips of a whole track, or of its next part: the same cuts, however the fixes are portioned out."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.domain.track import Leg, Track, TripRules


def fold(track: Track, fixes: Iterable[Fix], cuts: Sequence[datetime], rules: TripRules) -> list[Leg]:
    """Lead a track on over its next fixes, and return the trips that ended, in order.

    Args:
        track: is changed.
        fixes: in the order of time, newer than the track's last, no instant twice.
        cuts: instants at which a trip was ended by request, ascending. One that the track is past changes nothing.
    """
    ended: list[Leg] = []
    index = 0
    for fix in fixes:
        while index < len(cuts) and cuts[index] < fix.fix_at:
            _cut(track, cuts[index], ended)
            index += 1
        leg = track.add(fix, rules)
        if leg is not None and leg.reason is not None:
            ended.append(leg)
    for cut_at in cuts[index:]:
        _cut(track, cut_at, ended)
    return ended


def segment(fixes: Iterable[Fix], cuts: Sequence[datetime], rules: TripRules) -> list[Leg]:
    """The trips of a whole track, the one that is going on included (it has no reason).

    Args:
        fixes: in the order of time, no instant twice.
        cuts: instants at which a trip was ended by request, ascending.
    """
    track = Track()
    ended = fold(track, fixes, cuts, rules)
    return ended if track.open_leg is None else [*ended, track.open_leg]


def _cut(track: Track, cut_at: datetime, ended: list[Leg]) -> None:
    if track.last is None or cut_at < track.last.at:
        return
    leg = track.cut("request")
    if leg is not None:
        ended.append(leg)
