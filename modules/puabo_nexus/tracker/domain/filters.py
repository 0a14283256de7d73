"""Which fixes can be true: rules with named reasons."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Literal

from msgspec import Struct

from modules.geography.geodesy import distance_m
from modules.puabo_nexus.tracker.contract import Fix

Reason = Literal["null_island", "too_old", "in_future", "inaccurate", "week_rollover", "not_assigned", "implausible_speed"]


class FixRules(Struct, frozen=True, kw_only=True):
    """The limits of a believable fix.

    Attributes:
        future_s: how far a device's clock may run ahead.
        oldest_at: fixes before it come from a clock that was never set (GPS counts weeks from 1980).
        accuracy_m: the worst accuracy that still says something.
        max_speed_mps: no vehicle goes faster between two fixes. It is 252 km/h.
        slack_m: how far two fixes may lie apart without any motion, when neither says how accurate it is. Of one that does, its
            radius counts instead of half of this, where that is less: a vehicle is not there, and also a hundred metres away.
        least_radius_m: what counts of a radius at least: devices think well of themselves, and cut seconds off.
        confirmations: so many fixes in a row that agree with each other outweigh the one that they contradict.
    """

    future_s: float = 60.0
    oldest_at: datetime = datetime(1999, 1, 1, tzinfo=UTC)
    accuracy_m: float = 1_000.0
    max_speed_mps: float = 70.0
    slack_m: float = 100.0
    least_radius_m: float = 15.0
    confirmations: int = 3


class Suspicion(Struct, frozen=True):
    """The newest of some fixes in a row that contradict the track, and how many there are."""

    fix: Fix
    count: int


class Sifted(Struct, frozen=True):
    """Fixes of one vehicle, in the order of time, by what the filters say of them.

    Attributes:
        surplus: fixes at an instant of which another one was admitted.
    """

    admitted: list[Fix]
    quarantined: list[tuple[Fix, tuple[Reason, ...]]]
    surplus: list[Fix]


def by_time(fix: Fix) -> tuple[datetime, float]:
    """The order in which fixes are looked at: that of time, and of one instant the most accurate first."""
    return fix.fix_at, fix.accuracy_m if fix.accuracy_m is not None else inf


def is_better(fix: Fix, other: Fix) -> bool:
    """Whether it takes the place of another one of its instant. Of two that are equally accurate the first stays."""
    return by_time(fix) < by_time(other)


def own_reasons(fix: Fix, now: datetime, rules: FixRules) -> tuple[Reason, ...]:
    """What speaks against a fix without looking at any other."""
    reasons: list[Reason] = []
    if fix.lat == 0 and fix.lon == 0:
        reasons.append("null_island")
    if fix.fix_at < rules.oldest_at:
        reasons.append("too_old")
    if fix.fix_at > now + timedelta(seconds=rules.future_s):
        reasons.append("in_future")
    if fix.accuracy_m is not None and fix.accuracy_m > rules.accuracy_m:
        reasons.append("inaccurate")
    return tuple(reasons)


def is_jump(length_m: float, duration_s: float, rules: FixRules, slack_m: float | None = None) -> bool:
    """Whether nothing drives so far in that time."""
    return length_m > rules.max_speed_mps * abs(duration_s) + (rules.slack_m if slack_m is None else slack_m)


def is_jump_between(a: Fix, b: Fix, rules: FixRules) -> bool:
    """Whether no vehicle gets from one fix to the other in the time between them."""
    duration_s = (b.fix_at - a.fix_at).total_seconds()
    slack_m = _radius_m(a, rules) + _radius_m(b, rules)
    return is_jump(distance_m(a.lat, a.lon, b.lat, b.lon), duration_s, rules, slack_m)


def _radius_m(fix: Fix, rules: FixRules) -> float:
    widest_m = rules.slack_m / 2
    return widest_m if fix.accuracy_m is None else min(max(fix.accuracy_m, rules.least_radius_m), widest_m)


def sift_live(
    fixes: Iterable[Fix], last: Fix | None, suspicion: Suspicion | None, rules: FixRules
) -> tuple[Sifted, Suspicion | None]:
    """Judge fixes that follow ``last``, the newest admitted one, in the order of `by_time`.

    A fix that contradicts the last one is quarantined, until enough in a row agree with each other against it: then the track
    goes on where they are.

    Returns:
        the judgement, and the suspicion that is left for the next fixes.
    """
    sifted = Sifted([], [], [])
    for fix in fixes:
        if last is not None and fix.fix_at == last.fix_at:
            sifted.surplus.append(fix)
            continue
        if last is not None and is_jump_between(last, fix, rules):
            suspicion = _suspect(suspicion, fix, rules)
            if suspicion.count < rules.confirmations:
                sifted.quarantined.append((fix, ("implausible_speed",)))
                continue
        sifted.admitted.append(fix)
        last, suspicion = fix, None
    return sifted, suspicion


def _suspect(suspicion: Suspicion | None, fix: Fix, rules: FixRules) -> Suspicion:
    """One more that contradicts the track. The same one sent again confirms nothing."""
    if suspicion is None or is_jump_between(suspicion.fix, fix, rules):
        return Suspicion(fix, 1)
    return Suspicion(fix, suspicion.count + 1) if fix.fix_at > suspicion.fix.fix_at else suspicion


def sift_late(fixes: Iterable[Fix], history: Sequence[Fix], rules: FixRules) -> Sifted:
    """Judge fixes that fall between those of ``history``, or take the place of one of them. Both are in the order of `by_time`.

    A late fix must agree with both its neighbours: here the history is known, and it outweighs the newcomer.
    """
    sifted = Sifted([], [], [])
    before: Fix | None = None
    index = 0
    for fix in fixes:
        while index < len(history) and history[index].fix_at < fix.fix_at:
            if before is None or before.fix_at < history[index].fix_at:
                before = history[index]
            index += 1
        if before is not None and before.fix_at == fix.fix_at:
            sifted.surplus.append(fix)
            continue
        after = next((item for item in history[index : index + 2] if item.fix_at > fix.fix_at), None)
        if any(n is not None and is_jump_between(n, fix, rules) for n in (before, after)):
            sifted.quarantined.append((fix, ("implausible_speed",)))
        else:
            sifted.admitted.append(fix)
            before = fix
    return sifted
