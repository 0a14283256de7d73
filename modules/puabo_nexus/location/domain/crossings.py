"""When a vehicle comes into fences and leaves them: a pure function of the fences and its fixes in order.

For each vehicle and fence, entering and leaving alternate. How the fixes are cut into batches changes nothing, because after
every fix the fences that count as inside are exactly those which cover it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Literal, NamedTuple, Protocol, TypeVar

from modules.geography.region import Region
from modules.geography.spot import Spot
from modules.puabo_nexus.location.contract import Cause
from modules.puabo_nexus.location.domain.fix import Fix
from modules.puabo_nexus.location.domain.leg import Leg

Direction = Literal["entered", "exited"]

_Step = tuple[float, str, bool, Cause]
"""Share of the leg, key of the fence, whether the vehicle is inside from then on, and why."""

_SAME_SHARE = 1e-12
"""Meetings closer than this are one: the same corner, seen from both of its edges."""


class Crossing(NamedTuple):
    """A vehicle came into a fence or left it.

    Attributes:
        fence: the key under which the fence was given.
        crossed_at: interpolated between two fixes where the path is known, else the time of ``fix_at``.
        fix_at: the fix that showed it.
    """

    fence: str
    direction: Direction
    cause: Cause
    crossed_at: datetime
    lat: float
    lon: float
    fix_at: datetime


class Walk(NamedTuple):
    """What a vehicle's way through some fixes brought about: its crossings in time order, and the fences it is in now."""

    crossings: list[Crossing]
    inside: frozenset[str]


class Timed(Protocol):
    """Something that a device reported of an instant."""

    @property
    def fix_at(self) -> datetime:
        """The device's instant."""
        ...


T = TypeVar("T", bound=Timed)


def newer(last_at: datetime | None, fixes: Iterable[T]) -> list[T]:
    """The fixes that go on from an instant in time order. Late and repeated ones change no live state; they are left out."""
    kept: list[T] = []
    for fix in fixes:
        if last_at is None or fix.fix_at > last_at:
            kept.append(fix)
            last_at = fix.fix_at
    return kept


def walk(last: Fix | None, fixes: Sequence[Fix], fences: Mapping[str, Region], inside: Collection[str]) -> Walk:
    """Lead a vehicle along its fixes.

    What has happened to the fences since ``last`` is noticed at the first of the fixes, at its time: a fence that is gone is
    left, one whose edge moved over the vehicle is judged there.

    Args:
        last: the fix up to which ``inside`` holds; None before the first fix ever.
        fixes: later than ``last`` and in order, see `newer`.
        fences: at least those that the path may touch (`boxes_of`), and those of ``inside`` that still exist.
        inside: keys of the fences that the vehicle counts as being in.
    """
    crossings: list[Crossing] = []
    held = set(inside)
    unpathed = _disturbed(last, fences, held)
    before = last
    for fix in fixes:
        leg = Leg(fix if before is None else before, fix)
        if before is None or leg.is_jump:
            found: dict[str, Cause] = dict.fromkeys(fences, "found")
            unpathed = found | unpathed
        steps = sorted(_steps(leg, fences, held, unpathed), key=itemgetter(0, 1))
        for share, key, now_inside, cause in steps:
            crossings.append(_crossing(leg, share, key, now_inside, cause))
            (held.add if now_inside else held.discard)(key)
        before, unpathed = fix, {}
    return Walk(crossings, frozenset(held))


def _disturbed(last: Fix | None, fences: Mapping[str, Region], held: Collection[str]) -> dict[str, Cause]:
    """The fences that changed under the vehicle since ``last``, and how."""
    causes: dict[str, Cause] = {key: "fence_deleted" for key in held if key not in fences}
    if last is not None:
        spot = Spot(last.lat, last.lon)
        causes.update({key: "fence_changed" for key, region in fences.items() if region.covers(spot) != (key in held)})
    return causes


def _steps(leg: Leg, fences: Mapping[str, Region], held: Collection[str], unpathed: Mapping[str, Cause]) -> Iterator[_Step]:
    """What happens on one leg, fence by fence, each fence's own steps in order."""
    for key, cause in unpathed.items():
        region = fences.get(key)
        now_inside = region is not None and region.covers(leg.last)
        if now_inside != (key in held):
            yield 1.0, key, now_inside, cause
    for key, region in fences.items():
        if key not in unpathed and region.box.overlaps(leg.box):
            for share, now_inside in _changes(leg, region, was_inside=key in held):
                yield share, key, now_inside, "crossed"


def _changes(leg: Leg, region: Region, *, was_inside: bool) -> Iterator[tuple[float, bool]]:
    """Where on a leg the vehicle is inside or outside from then on. Ends with what is true at the last fix."""
    inside, reached = was_inside, 0.0
    shares = sorted(region.meetings(leg))
    for share in [*shares, 1.0] if shares else ():
        if share - reached > _SAME_SHARE:
            between = region.covers(leg.spot_at((reached + share) / 2))
            if between != inside:
                yield reached, between
            inside, reached = between, share
    if region.covers(leg.last) != inside:
        yield 1.0, not inside


def _crossing(leg: Leg, share: float, key: str, now_inside: bool, cause: Cause) -> Crossing:
    spot = leg.spot_at(share)
    direction: Direction = "entered" if now_inside else "exited"
    return Crossing(key, direction, cause, leg.instant_at(share), spot.lat, spot.lon, leg.after.fix_at)
