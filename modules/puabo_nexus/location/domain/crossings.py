"""When a vehicle comes into fences and leaves them: a pure function of the fences and its fixes in order.

For each vehicle and fence, entering and leaving alternate. How the fixes are cut into batches changes nothing, because after
every fix the fences that count as inside are exactly those which cover it; only where there is more to tell than is told
(`MOST_CROSSINGS`) less of it is left out of small batches.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Final, Literal, NamedTuple, Protocol, TypeVar

from modules.geography.region import Region
from modules.geography.spot import Spot
from modules.puabo_nexus.location.contract import Cause
from modules.puabo_nexus.location.domain.fix import Fix
from modules.puabo_nexus.location.domain.leg import Leg
from modules.puabo_nexus.location.domain.passage import Way, outermost, passages

Direction = Literal["entered", "exited"]

MOST_CROSSINGS: Final = 1_000
"""Of a way with more of them each fence is told once: when the vehicle first came in and when it last went out."""


class _Step(NamedTuple):
    """What happens at a share of the leg with a number: whether the vehicle is inside the fence from then on, and why."""

    number: int
    share: float
    key: str
    inside: bool
    cause: Cause


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

    What is told is bounded: of one leg and fence by `MOST_PIECES`, of all together by `MOST_CROSSINGS`. It may still be much
    work where `weight_of` says so.

    Args:
        last: the fix up to which ``inside`` holds; None before the first fix ever.
        fixes: later than ``last`` and in order, see `newer`.
        fences: at least those that the path may touch (`boxes_of`), and those of ``inside`` that still exist.
        inside: keys of the fences that the vehicle counts as being in.
    """
    held = set(inside)
    causes = _disturbed(last, fences, held)
    legs = [Leg(before or fix, fix) for before, fix in zip([last, *fixes], fixes, strict=False)]
    jumps = {number for number, leg in enumerate(legs) if leg.is_jump or (number == 0 and last is None)}
    steps: dict[str, list[_Step]] = {}
    for key in dict.fromkeys([*fences, *causes]):
        steps[key] = list(_steps(key, fences.get(key), legs, jumps, causes.get(key), was_inside=key in held))
    if sum(map(len, steps.values())) > MOST_CROSSINGS:
        steps = {key: outermost(own) for key, own in steps.items()}
    in_order = sorted((step for own in steps.values() for step in own), key=itemgetter(0, 1, 2))
    for step in in_order:
        (held.add if step.inside else held.discard)(step.key)
    return Walk([_crossing(legs[step.number], step) for step in in_order], frozenset(held))


def weight_of(fixes: Sequence[Fix], fences: Mapping[str, Region]) -> int:
    """How much work `walk` is at most, in steps of which each takes less than a microsecond."""
    return len(fixes) * sum(region.weight for region in fences.values())


def _disturbed(last: Fix | None, fences: Mapping[str, Region], held: Collection[str]) -> dict[str, Cause]:
    """The fences that changed under the vehicle since ``last``, and how."""
    causes: dict[str, Cause] = {key: "fence_deleted" for key in held if key not in fences}
    if last is not None:
        spot = Spot(last.lat, last.lon)
        causes.update({key: "fence_changed" for key, region in fences.items() if region.covers(spot) != (key in held)})
    return causes


def _steps(
    key: str, region: Region | None, legs: Sequence[Leg], jumps: Collection[int], changed: Cause | None, *, was_inside: bool
) -> Iterator[_Step]:
    """What happens to one fence, in order.

    Args:
        jumps: the numbers of the legs of which the path is not known.
        changed: what happened to the fence itself before the first leg, which is judged at its end for that.
    """
    if region is None:
        if legs and changed is not None:
            yield _Step(0, 1.0, key, inside=False, cause=changed)
        return
    ways: dict[int, Way] = {}
    for number, leg in enumerate(legs):
        is_known = number not in jumps and (number > 0 or changed is None)
        if not is_known or region.box.overlaps(leg.box):
            ways[number] = Way(leg, is_known)
    for (number, way), changes in zip(ways.items(), passages(region, list(ways.values()), was_inside=was_inside), strict=True):
        cause: Cause = "crossed" if way.is_known else (changed if number == 0 and changed else "found")
        for share, now_inside in changes:
            yield _Step(number, share, key, now_inside, cause)


def _crossing(leg: Leg, step: _Step) -> Crossing:
    spot = leg.spot_at(step.share)
    direction: Direction = "entered" if step.inside else "exited"
    return Crossing(step.key, direction, step.cause, leg.instant_at(step.share), spot.lat, spot.lon, leg.after.fix_at)
