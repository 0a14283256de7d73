"""The arithmetic of the benchmark."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.figures import Better, Summary, compare, percentile, ratio

RATES = st.lists(st.floats(min_value=0.001, max_value=1e9), min_size=1, max_size=20)


def test_a_summary_is_the_middle_and_the_ends() -> None:
    assert Summary.of([30.0, 10.0, 20.0]) == Summary(20.0, 10.0, 30.0)
    assert Summary.of([10.0, 20.0]).median == 15.0


def test_the_spread_is_half_the_distance_relative_to_the_median() -> None:
    assert Summary.of([90.0, 100.0, 130.0]).spread == pytest.approx(0.2)
    assert Summary.of([100.0]).spread == 0.0
    assert Summary.of([0.0, 0.0]).spread == 0.0


def test_nothing_cannot_be_summed_up() -> None:
    with pytest.raises(ValueError, match="No round"):
        Summary.of([])


@given(RATES)
def test_a_summary_stays_within_what_was_measured(values: list[float]) -> None:
    summary = Summary.of(values)
    assert min(values) == summary.low <= summary.median <= summary.high == max(values)


@pytest.mark.parametrize(
    ("ours", "theirs", "better", "expected"),
    [(30.0, 10.0, "higher", 3.0), (10.0, 30.0, "higher", 1 / 3), (1.0, 2.0, "lower", 2.0), (2.0, 1.0, "lower", 0.5)],
)
def test_a_ratio_above_one_is_in_our_favour(ours: float, theirs: float, better: Better, expected: float) -> None:
    assert ratio(ours, theirs, better) == pytest.approx(expected)


def test_a_ratio_to_nothing_is_infinite() -> None:
    assert ratio(5.0, 0.0, "higher") == math.inf
    assert ratio(0.0, 5.0, "lower") == math.inf


def test_ratios_are_taken_within_rounds() -> None:
    """The machine was ten times slower in the second round, for both."""
    compared = compare("publish", "msg/s", [300.0, 30.0, 400.0], [100.0, 10.0, 100.0])
    assert compared.ratio == Summary(3.0, 3.0, 4.0)


def test_an_expectation_is_met_by_the_median_ratio() -> None:
    assert compare("x", "msg/s", [29.0, 31.0, 31.0], [10.0, 10.0, 10.0], expected=3).met is True
    assert compare("x", "msg/s", [29.0, 29.0, 31.0], [10.0, 10.0, 10.0], expected=3).met is False
    assert compare("x", "msg/s", [1.0], [1.0]).met is None


def test_both_sides_have_as_many_rounds() -> None:
    with pytest.raises(ValueError, match="shorter"):
        compare("x", "msg/s", [1.0, 2.0], [1.0])


@pytest.mark.parametrize(("share", "expected"), [(0.5, 5), (0.99, 10), (0.9, 9), (1.0, 10), (0.001, 1)])
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    assert percentile([7.0, 1, 2, 10, 4, 5, 6, 3, 8, 9], share) == expected


@given(RATES, st.floats(min_value=0.001, max_value=1))
def test_so_many_values_are_not_above_a_percentile(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 0.0), ([1.0], 1.5)])
def test_a_percentile_of_nothing_is_refused(values: list[float], share: float) -> None:
    with pytest.raises(ValueError, match="percentile needs"):
        percentile(values, share)
