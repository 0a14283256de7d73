"""The rate limiter: how often, how bursty, and how much it remembers."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_actors.http.limits import InMemoryRateLimiter, RateLimit, address_key, gcra
from tests.nexus_actors.http.doubles import START

LIMIT = RateLimit(requests=10, per_s=1, burst=5)
SECOND = 1_000_000_000
NOW = 1_800_000_000 * SECOND

limits = st.builds(RateLimit, requests=st.integers(1, 50), per_s=st.floats(0.01, 100), burst=st.integers(1, 20))


@given(st.lists(st.integers(0, 2 * SECOND), max_size=60), limits)
def test_no_window_lets_more_through_than_burst_and_rate(gaps: list[int], limit: RateLimit) -> None:
    now_ns, arrival_ns = NOW, 0
    passed: list[int] = []
    for gap in gaps:
        now_ns += gap
        arrival_ns, wait_ns = gcra(arrival_ns, now_ns, limit)
        if wait_ns == 0:
            passed.append(now_ns)
    for first, start_ns in enumerate(passed):
        for count, end_ns in enumerate(passed[first:], 1):
            assert count <= limit.burst + (end_ns - start_ns) // limit.interval_ns


@given(limits)
def test_the_whole_burst_passes_and_the_wait_is_enough(limit: RateLimit) -> None:
    arrival_ns = 0
    for _ in range(limit.burst):
        arrival_ns, wait_ns = gcra(arrival_ns, NOW, limit)
        assert wait_ns == 0
    refused_ns, wait_ns = gcra(arrival_ns, NOW, limit)
    assert refused_ns == arrival_ns
    assert wait_ns == limit.interval_ns
    assert gcra(arrival_ns, NOW + wait_ns - 1, limit)[1] == 1
    assert gcra(arrival_ns, NOW + wait_ns, limit)[1] == 0


@pytest.mark.anyio
async def test_keys_are_counted_each_for_itself() -> None:
    limiter = InMemoryRateLimiter()
    waits = [await limiter.take("a", LIMIT, START) for _ in range(6)]
    assert waits[:5] == [0] * 5
    assert waits[5] == 0.1
    assert await limiter.take("b", LIMIT, START) == 0


@pytest.mark.anyio
async def test_a_flood_of_keys_does_not_fill_the_memory() -> None:
    limiter = InMemoryRateLimiter(capacity=100)
    for number in range(1000):
        await limiter.take(str(number), LIMIT, START)
    assert len(limiter) == 100


@pytest.mark.anyio
async def test_what_is_spent_is_forgotten() -> None:
    limiter = InMemoryRateLimiter()
    for number in range(50):
        await limiter.take(str(number), LIMIT, START)
    for number in range(30):
        await limiter.take("x", LIMIT, START + timedelta(seconds=60 + number))
    assert len(limiter) == 1


@pytest.mark.parametrize(
    "wrong", [{"requests": 0, "per_s": 1}, {"requests": 1, "per_s": 0}, {"requests": 1, "per_s": 1, "burst": 0}]
)
def test_a_limit_is_positive(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        RateLimit(**wrong)  # type: ignore[arg-type]  # whatever the test gives


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_network_counts_as_one(address: str, key: str) -> None:
    assert address_key(address) == key
