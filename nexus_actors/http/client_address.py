"""The address of the client, behind the proxies that are trusted."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Networks such as ``10.0.0.0/8`` or ``::1``.

    Raises:
        ValueError: a text is no network.
    """
    return tuple(ip_network(text) for text in texts)


def client_address(peer: str | None, forwarded_for: Sequence[str], trusted: Sequence[Network]) -> str:
    """The address of who asks.

    X-Forwarded-For is believed only as far as it was written by trusted proxies: read from the right, the first address that
    is not one of theirs. What a client wrote into it stands further left and is not read.

    Args:
        peer: the address of the connection.
        forwarded_for: the values of the X-Forwarded-For headers, in order.
        trusted: the networks of the proxies.
    """
    address = peer or "unknown"
    hops = [hop.strip() for value in forwarded_for for hop in value.split(",")]
    while hops and is_within(address, trusted):
        candidate = hops.pop()
        if not _is_address(candidate):
            break
        address = candidate
    return address


def is_within(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address is one of some networks; an IPv4 address that came over IPv6 counts as what it is."""
    if not _is_address(address):
        return False
    parsed = ip_address(address)
    plain = (parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None) or parsed
    return any(plain in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
