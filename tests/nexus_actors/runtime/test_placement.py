"""Placing partitions on workers."""

from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_actors.runtime.placement import place

workers = st.lists(st.uuids().map(str), min_size=1, max_size=12, unique=True)
partitions = st.sampled_from([1, 2, 4, 8, 16, 64])


@given(partitions, workers)
def test_every_partition_has_an_owner_and_shares_are_even(count: int, names: list[str]) -> None:
    placed = place("tracker-ms", count, names)
    assert sorted(placed) == list(range(count))
    shares = [list(placed.values()).count(name) for name in names]
    assert max(shares) - min(shares) <= 1


@given(partitions, workers, st.randoms())
def test_everybody_computes_the_same(count: int, names: list[str], random: object) -> None:
    shuffled = list(names)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert place("tracker-ms", count, names) == place("tracker-ms", count, shuffled)


def test_the_placement_is_the_same_in_every_process_and_release() -> None:
    assert place("tracker-ms", 8, ["a", "b", "c"]) == dict(enumerate("cbacbcab"))


@pytest.mark.parametrize("count", range(1, 13))
def test_few_partitions_move_when_a_worker_joins(count: int) -> None:
    """On the average of many sets, always the same: names can be found for which it is more."""
    moved = []
    for trial in range(50):
        names = [f"{trial}-{n}" for n in range(count)]
        before, after = place("tracker-ms", 64, names), place("tracker-ms", 64, [*names, "newcomer"])
        moved.append(sum(before[partition] != after[partition] for partition in before))
    assert mean(moved) <= 2.5 * 64 / (count + 1)


def test_without_workers_nothing_is_placed() -> None:
    assert place("tracker-ms", 8, []) == {}
