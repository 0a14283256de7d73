"""Figures of several rounds: what is typical of them, how far they scatter, how two compare."""

import math
from collections.abc import Sequence
from statistics import median
from typing import Literal

from msgspec import Struct

Better = Literal["higher", "lower"]


class Summary(Struct, frozen=True):
    """One figure of several rounds.

    Attributes:
        median: the middle one.
        low, high: the lowest and the highest.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Summary":
        """Sum up.

        Raises:
            ValueError: there is nothing to sum up.
        """
        if not values:
            raise ValueError("No round was measured.")
        return cls(median(values), min(values), max(values))

    @property
    def spread(self) -> float:
        """Half the distance between the lowest and the highest, as a share of the median."""
        return (self.high - self.low) / 2 / self.median if self.median else 0.0


class Comparison(Struct, frozen=True, kw_only=True):
    """One line of the result.

    Attributes:
        peer: whose ``theirs`` is.
        ratio: how many times as good ours is; above 1 is better, whether high or low figures are.
        expected: the ratio that we hold ourselves to.
    """

    name: str
    unit: str
    ours: Summary
    theirs: Summary
    ratio: Summary
    peer: str = ""
    expected: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the ratio is what is expected; None where nothing is."""
        return None if self.expected is None else self.ratio.median >= self.expected


def ratio(ours: float, theirs: float, better: Better) -> float:
    """How many times as good ours is; infinite where one of the two is no time at all."""
    above, below = (ours, theirs) if better == "higher" else (theirs, ours)
    return above / below if below else math.inf


def compare(
    name: str,
    unit: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    *,
    peer: str = "",
    better: Better = "higher",
    expected: float | None = None,
) -> Comparison:
    """Compare the figures of the same rounds.

    The ratio is taken within each round and then over the rounds, as a machine that is slow for a while is slow for both.

    Raises:
        ValueError: there is no round, or one side lacks one.
    """
    ratios = [ratio(our, their, better) for our, their in zip(ours, theirs, strict=True)]
    return Comparison(
        name=name,
        unit=unit,
        ours=Summary.of(ours),
        theirs=Summary.of(theirs),
        ratio=Summary.of(ratios),
        peer=peer,
        expected=expected,
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of the values are not above (Hyndman and Fan 1996, definition 1).

    Raises:
        ValueError: there are no values, or the share is not above 0 and at most 1.
    """
    if not values or not 0 < share <= 1:
        raise ValueError("A percentile needs values and a share above 0 and up to 1.")
    return sorted(values)[math.ceil(share * len(values)) - 1]
