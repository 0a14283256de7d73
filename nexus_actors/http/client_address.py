"""The address of the client, behind the proxies that are trusted."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
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
    while hops and _is_trusted(address, trusted):
        candidate = hops.pop()
        if not _is_address(candidate):
            break
        address = candidate
    return address


def _is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in trusted)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
