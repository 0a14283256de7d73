"""Ids."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from bus import Topic, derive_id, has_time, id_floor, id_time, keyed_id, new_id, turn_id
from bus.ids import id_at
from tests.bus.instants import NOW

instants = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ids = st.builds(id_at, instants, st.integers(0, (1 << 80) - 1))


@given(instants, st.integers(0, (1 << 80) - 1))
def test_an_id_carries_its_instant_and_sorts_by_it(instant: datetime, random: int) -> None:
    made = id_at(instant, random)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert abs(id_time(made) - instant) < timedelta(milliseconds=1.001)
    assert id_floor(instant) <= made < id_floor(instant + timedelta(milliseconds=1))


@given(ids, st.text(), st.text())
def test_a_derived_id_is_always_the_same_and_keeps_the_time(parent: UUID, name: str, other: str) -> None:
    derived = derive_id(parent, name)
    assert derived == derive_id(parent, name) != parent
    assert (derived == derive_id(parent, other)) == (name == other)
    assert (derived.version, id_time(derived)) == (7, id_time(parent))


@given(st.text(), st.text())
def test_a_keyed_id_has_no_time_and_sorts_last(key: str, other: str) -> None:
    keyed = keyed_id("tenant", key)
    assert keyed == keyed_id("tenant", key)
    assert not has_time(keyed)
    assert keyed.version == 8
    assert keyed > id_floor(datetime(9999, 1, 1, tzinfo=UTC))
    assert derive_id(keyed, other).version == 8


def test_the_parts_of_a_key_do_not_run_together() -> None:
    assert keyed_id("a", "bc") != keyed_id("ab", "c")


def test_ids_of_a_turn_differ_and_repeat() -> None:
    cause = new_id(NOW)
    made = [turn_id(NOW, cause, n) for n in range(100)]
    assert len(set(made)) == 100
    assert made == [turn_id(NOW, cause, n) for n in range(100)]
    assert all(has_time(one) and id_time(one) == NOW for one in made)


@given(st.text(), st.sampled_from([1, 2, 4, 8, 16, 64]), st.sampled_from([1, 2, 4, 8, 16, 64]))
def test_topics_of_different_sizes_agree_on_the_low_bits(key: str, one: int, other: int) -> None:
    least = min(one, other)
    assert Topic("a", one).partition_of(key) % least == Topic("b", other).partition_of(key) % least


def test_keys_spread_over_partitions() -> None:
    topic = Topic("a", 16)
    counts = [0] * 16
    for _ in range(16_000):
        counts[topic.partition_of(str(new_id()))] += 1
    assert min(counts) > 800
    assert max(counts) < 1_200
