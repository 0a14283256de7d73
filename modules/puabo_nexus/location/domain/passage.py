"""How a vehicle passes one fence: where on each leg it is inside or outside from then on."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, Protocol, TypeVar

from modules.geography.region import Region
from modules.puabo_nexus.location.domain.leg import Leg

MOST_PIECES: Final = 16
"""An edge that cuts one leg into so many pieces is not followed through all of them."""

_SAME_SHARE = 1e-12
"""Meetings closer than this are one: the same corner, seen from both of its edges."""
_MEETINGS_KEPT = 2 * MOST_PIECES
"""From either end of a leg. A corner is met twice, by both of its edges."""
_LEGS_AT_ONCE = 64
"""Bounds what is held in memory of a long way through a fence of many corners."""


class Way(NamedTuple):
    """A leg, and whether a fence is judged along it or at its end only."""

    leg: Leg
    is_known: bool


class Change(NamedTuple):
    """From a share of a leg on, 0..1, the vehicle is inside, or outside."""

    share: float
    inside: bool


class Turned(Protocol):
    """Something that leaves a vehicle inside or outside."""

    @property
    def inside(self) -> bool:
        """Which of the two."""
        ...


C = TypeVar("C", bound=Turned)


class _Piece(NamedTuple):
    begins: float
    ends: float


def passages(region: Region, ways: Sequence[Way], *, was_inside: bool) -> Iterator[list[Change]]:
    """What changes on each of some legs, in order. Between two of them the vehicle stays where the first one ends.

    Of a leg that the edge cuts into `MOST_PIECES` or more no more is told than that the vehicle first came in and last went
    out. What is true at each fix is always told.

    Args:
        region: the fence's.
        was_inside: whether the vehicle counts as inside when the first leg begins.
    """
    for start in range(0, len(ways), _LEGS_AT_ONCE):
        some = ways[start : start + _LEGS_AT_ONCE]
        known = [way.leg for way in some if way.is_known]
        cuts = [_pieces(shares) for shares in region.meetings_of(known, _MEETINGS_KEPT)]
        middles = [leg.spot_at((begins + ends) / 2) for leg, pieces in zip(known, cuts, strict=True) for begins, ends in pieces]
        between, pieces_of = iter(region.covers_all(middles)), iter(cuts)
        for way, at_end in zip(some, region.covers_all([way.leg.last for way in some]), strict=True):
            pieces = next(pieces_of) if way.is_known else []
            standings = [Change(piece.begins, next(between)) for piece in pieces]
            changes = list(_changes([*standings, Change(1.0, at_end)], was_inside=was_inside))
            yield changes if len(pieces) < MOST_PIECES else outermost(changes)
            was_inside = at_end


def outermost(changes: Sequence[C]) -> list[C]:
    """The first time in and the last time out of changes that alternate: what lies between goes in pairs."""
    kept = [change for change in changes[:1] if change.inside]
    return [*kept, *(change for change in changes[-1:] if not change.inside)]


def _pieces(shares: Sequence[float]) -> list[_Piece]:
    """What meetings with the edge cut a leg into, but for those in the middle of too many. None where it meets no edge."""
    pieces: list[_Piece] = []
    reached = 0.0
    for share in [*shares, 1.0] if shares else ():
        if share - reached > _SAME_SHARE:
            pieces.append(_Piece(reached, share))
            reached = share
    half = MOST_PIECES // 2
    return pieces if len(pieces) <= MOST_PIECES else [*pieces[:half], *pieces[-half:]]


def _changes(standings: Sequence[Change], *, was_inside: bool) -> Iterator[Change]:
    """Those that differ from the one before."""
    for standing in standings:
        if standing.inside != was_inside:
            yield standing
        was_inside = standing.inside
