"""Rate limits: how often a caller may ask, by the generic cell rate algorithm (GCRA, ITU-T I.371)."""

from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Final, Literal, Protocol

from msgspec import Struct

_IPV6_SITE_BITS: Final = 64
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
DEFAULT_CAPACITY: Final = 65_536


class RateLimit(Struct, frozen=True, kw_only=True):
    """How often a caller may ask.

    Attributes:
        requests: how many requests in ``per_s``, evenly spread, once the burst is spent.
        per_s: the time for them, in seconds.
        burst: how many requests may come at once.
        by: who is counted: the address that asks, or the caller that the token names (the address, on public routes).
        group: routes with the same group count together; each route for itself where it is left out.

    Raises:
        ValueError: a number is not positive.
    """

    requests: int
    per_s: float
    burst: int = 1
    by: Literal["address", "principal"] = "principal"
    group: str | None = None

    def __post_init__(self) -> None:
        if self.requests < 1 or self.per_s <= 0 or self.burst < 1:
            raise ValueError(f"A rate limit takes positive numbers, not {self}.")

    @property
    def interval_ns(self) -> int:
        """The time that one request uses up, in nanoseconds."""
        return max(1, round(self.per_s * 1e9 / self.requests))


class RateLimiter(Protocol):
    """Counts requests.

    May be asked from any number of tasks. An implementation that cannot count (its store is away) lets the request pass:
    limits protect the service and must not be what stops it.
    """

    async def take(self, key: str, limit: RateLimit, now: datetime) -> float:
        """Count one request of ``key``.

        Returns:
            0 where it may go on, else the seconds after which it may come again. A refused request counts nothing.
        """
        ...


def gcra(arrival_ns: int, now_ns: int, limit: RateLimit) -> tuple[int, int]:
    """One step of the generic cell rate algorithm, in whole nanoseconds: rounding would add up over a burst.

    Args:
        arrival_ns: the theoretical arrival time that the step before left; any past time for a new key.
        now_ns: when the request came.
        limit: what is allowed.

    Returns:
        The next theoretical arrival time, and the nanoseconds to wait: 0 where the request conforms.
    """
    earliest_ns = arrival_ns - (limit.burst - 1) * limit.interval_ns
    if now_ns < earliest_ns:
        return arrival_ns, earliest_ns - now_ns
    return max(arrival_ns, now_ns) + limit.interval_ns, 0


class InMemoryRateLimiter:
    """Counts the requests of one process.

    It remembers ``capacity`` keys and forgets the one that was refused or served longest ago: a flood from ever new
    addresses cannot fill the memory.
    """

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        self._capacity = capacity
        self._arrivals: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._arrivals)

    async def take(self, key: str, limit: RateLimit, now: datetime) -> float:
        """Count one request of ``key``: 0 where it may go on, else the seconds to wait."""
        now_ns = (now - _EPOCH) // _MICROSECOND * 1000
        arrival_ns, wait_ns = gcra(self._arrivals.get(key, 0), now_ns, limit)
        self._arrivals[key] = arrival_ns
        self._arrivals.move_to_end(key)
        self._forget(now_ns)
        return wait_ns / 1e9

    def _forget(self, now_ns: int) -> None:
        """Drop what is spent, a few at a time, and what is too much."""
        for _ in range(2):
            oldest = next(iter(self._arrivals))
            if self._arrivals[oldest] > now_ns and len(self._arrivals) <= self._capacity:
                return
            del self._arrivals[oldest]
            if not self._arrivals:
                return


def address_key(address: str) -> str:
    """What an address is counted under: itself, or for IPv6 its /64 network, which one customer has as a whole."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if not isinstance(ip, IPv6Address):
        return address
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return f"{IPv6Address(int(ip) >> _IPV6_SITE_BITS << _IPV6_SITE_BITS)}/{_IPV6_SITE_BITS}"
