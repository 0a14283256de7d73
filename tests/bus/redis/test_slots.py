import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.address import Endpoint
from bus.redis.slots import slot_map, slot_of

HERE = Endpoint("10.0.0.1", 7000)


def test_keys_of_one_hash_tag_share_a_slot() -> None:
    assert slot_of("nexus:{walk-ms:3}:commands") == slot_of("nexus:{walk-ms:3}:events")
    assert slot_of("123456789") == 0x31C3  # the check value of the Redis Cluster specification


def test_the_owner_of_a_slot_is_the_master_of_its_range() -> None:
    reply = [
        [8192, 16383, [b"b", 7001, b"id-b"], [b"c", 7002, b"id-c"]],
        [0, 8191, [b"a", 7000, b"id-a"]],
    ]
    found = slot_map(reply, HERE)
    assert [found.owner(slot) for slot in (0, 8191, 8192, 16383)] == [
        Endpoint("a", 7000),
        Endpoint("a", 7000),
        Endpoint("b", 7001),
        Endpoint("b", 7001),
    ]
    assert found.masters() == [Endpoint("a", 7000), Endpoint("b", 7001)]


def test_a_slot_that_nobody_serves_has_no_owner() -> None:
    found = slot_map([[100, 200, [b"a", 7000, b"id"]]], HERE)
    assert [found.owner(slot) for slot in (99, 100, 200, 201)] == [None, Endpoint("a", 7000), Endpoint("a", 7000), None]
    assert slot_map([], HERE).owner(0) is None


@pytest.mark.parametrize("host", [b"", None, b"?"])
def test_a_node_that_does_not_know_its_own_address_is_the_one_that_was_asked(host: bytes | None) -> None:
    assert slot_map([[0, 16383, [host, 7005, b"id"]]], HERE).owner(1) == Endpoint("10.0.0.1", 7005)


@given(st.sets(st.integers(1, 16_383), max_size=40))
def test_every_slot_has_the_owner_of_the_range_that_it_is_in(cuts: set[int]) -> None:
    starts = [0, *sorted(cuts)]
    ends = [*(start - 1 for start in starts[1:]), 16_383]
    found = slot_map([[first, last, [b"n", first, b""]] for first, last in zip(starts, ends, strict=True)][::-1], HERE)
    for first, last in zip(starts, ends, strict=True):
        assert found.owner(first) == found.owner(last) == Endpoint("n", first)
