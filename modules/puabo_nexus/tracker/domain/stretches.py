"""A range of fixes as lines that were driven: split where the track has a hole, and at the antimeridian."""

from collections.abc import Sequence
from datetime import timedelta

from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.domain.filters import is_jump_between
from modules.puabo_nexus.tracker.domain.track import TripRules

_HALF_TURN = 180.0
_FULL_TURN = 360.0


def split_at_gaps(fixes: Sequence[Fix], before: Fix | None, rules: TripRules) -> list[list[Fix]]:
    """Runs of fixes without a gap or a jump between them.

    Args:
        before: the fix before these. The first run goes on from it, and is empty where none does.
    """
    runs: list[list[Fix]] = [[]]
    for fix in fixes:
        if before is None or _is_hole(before, fix, rules):
            runs.append([])
        runs[-1].append(fix)
        before = fix
    return runs


def split_at_antimeridian(fixes: Sequence[Fix]) -> list[list[Fix]]:
    """The parts of a line on either side of longitude 180, each touching it at a point between the fixes around it.

    Source: RFC 7946, section 3.1.9. A hop of more than half the globe is taken the short way round.
    """
    parts: list[list[Fix]] = []
    for index, fix in enumerate(fixes):
        previous = fixes[index - 1] if index else None
        if previous is None:
            parts.append([])
        elif abs(fix.lon - previous.lon) > _HALF_TURN:
            leaving, entering = _crossing(previous, fix)
            parts[-1].append(leaving)
            parts.append([entering])
        parts[-1].append(fix)
    return parts


def _is_hole(a: Fix, b: Fix, rules: TripRules) -> bool:
    return (b.fix_at - a.fix_at).total_seconds() >= rules.gap_s or is_jump_between(a, b, rules.fixes)


def _crossing(a: Fix, b: Fix) -> tuple[Fix, Fix]:
    edge = _HALF_TURN if a.lon > 0 else -_HALF_TURN
    beyond = b.lon + (_FULL_TURN if edge > 0 else -_FULL_TURN)
    share = (edge - a.lon) / (beyond - a.lon) if beyond != a.lon else 0.0
    at = a.fix_at + timedelta(seconds=(b.fix_at - a.fix_at).total_seconds() * share)
    lat = a.lat + (b.lat - a.lat) * share
    altitude_m = None
    if a.altitude_m is not None and b.altitude_m is not None:
        altitude_m = a.altitude_m + (b.altitude_m - a.altitude_m) * share
    leaving = Fix(fix_at=at, lat=lat, lon=edge, altitude_m=altitude_m)
    return leaving, Fix(fix_at=at, lat=lat, lon=-edge, altitude_m=altitude_m)
