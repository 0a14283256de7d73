"""Which fixes can be true: rules with named reasons."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from msgspec import Struct

from modules.geography.geodesy import distance_m
from modules.puabo_nexus.tracker.contract import Fix

Reason = Literal["null_island", "too_old", "inaccurate", "implausible_speed"]


class FixRules(Struct, frozen=True, kw_only=True):
    """The limits of a believable fix.

    Attributes:
        future_s: how far a device's clock may run ahead.
        oldest_at: fixes before it come from a clock that was never set (GPS counts weeks from 1980).
        accuracy_m: the worst accuracy that still says something.
        max_speed_mps: no vehicle goes faster between two fixes.
        slack_m: how far two fixes may lie apart without any motion.
        confirmations: so many fixes in a row that agree with each other outweigh the one that they contradict.
    """

    future_s: float = 60.0
    oldest_at: datetime = datetime(1999, 1, 1, tzinfo=UTC)
    accuracy_m: float = 1_000.0
    max_speed_mps: float = 100.0
    slack_m: float = 100.0
    confirmations: int = 3


class Suspicion(Struct, frozen=True):
    """The newest of some fixes in a row that contradict the track, and how many there are."""

    fix: Fix
    count: int


class Sifted(Struct, frozen=True):
    """Fixes of one vehicle, in the order of time, by what the filters say of them."""

    admitted: list[Fix]
    quarantined: list[tuple[Fix, tuple[Reason, ...]]]


def is_future(fix: Fix, now: datetime, rules: FixRules) -> bool:
    """Whether the fix claims to be from later than a slightly fast clock allows."""
    return fix.fix_at > now + timedelta(seconds=rules.future_s)


def own_reasons(fix: Fix, rules: FixRules) -> tuple[Reason, ...]:
    """What speaks against a fix without looking at any other."""
    reasons: list[Reason] = []
    if fix.lat == 0 and fix.lon == 0:
        reasons.append("null_island")
    if fix.fix_at < rules.oldest_at:
        reasons.append("too_old")
    if fix.accuracy_m is not None and fix.accuracy_m > rules.accuracy_m:
        reasons.append("inaccurate")
    return tuple(reasons)


def is_jump(length_m: float, duration_s: float, rules: FixRules) -> bool:
    """Whether nothing drives so far in that time."""
    return length_m > rules.max_speed_mps * abs(duration_s) + rules.slack_m


def is_jump_between(a: Fix, b: Fix, rules: FixRules) -> bool:
    """Whether no vehicle gets from one fix to the other in the time between them."""
    duration_s = (b.fix_at - a.fix_at).total_seconds()
    return is_jump(distance_m(a.lat, a.lon, b.lat, b.lon), duration_s, rules)


def sift_live(
    fixes: Iterable[Fix], last: Fix | None, suspicion: Suspicion | None, rules: FixRules
) -> tuple[Sifted, Suspicion | None]:
    """Judge fixes that follow ``last``, the newest admitted one, in the order of time.

    A fix that contradicts the last one is quarantined, until enough in a row agree with each other against it: then the track
    goes on where they are.

    Returns:
        the judgement, and the suspicion that is left for the next fixes.
    """
    sifted = Sifted([], [])
    for fix in fixes:
        reasons = own_reasons(fix, rules)
        if not reasons and last is not None and is_jump_between(last, fix, rules):
            suspicion = _suspect(suspicion, fix, rules)
            if suspicion.count < rules.confirmations:
                reasons = ("implausible_speed",)
        if reasons:
            sifted.quarantined.append((fix, reasons))
        else:
            sifted.admitted.append(fix)
            last, suspicion = fix, None
    return sifted, suspicion


def _suspect(suspicion: Suspicion | None, fix: Fix, rules: FixRules) -> Suspicion:
    """One more that contradicts the track. The same one sent again confirms nothing."""
    if suspicion is None or is_jump_between(suspicion.fix, fix, rules):
        return Suspicion(fix, 1)
    return Suspicion(fix, suspicion.count + 1) if fix.fix_at > suspicion.fix.fix_at else suspicion


def sift_late(fixes: Iterable[Fix], history: Sequence[Fix], rules: FixRules) -> Sifted:
    """Judge fixes that fall between those of ``history``. Both are in the order of time and share no instant.

    A late fix must agree with both its neighbours: here the history is known, and it outweighs the newcomer.
    """
    sifted = Sifted([], [])
    before: Fix | None = None
    index = 0
    for fix in fixes:
        while index < len(history) and history[index].fix_at < fix.fix_at:
            before = history[index]
            index += 1
        after = history[index] if index < len(history) else None
        reasons = own_reasons(fix, rules)
        if not reasons and any(n is not None and is_jump_between(n, fix, rules) for n in (before, after)):
            reasons = ("implausible_speed",)
        if reasons:
            sifted.quarantined.append((fix, reasons))
        else:
            sifted.admitted.append(fix)
            before = fix
    return sifted
