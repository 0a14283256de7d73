"""Where a request comes from, as coarse as it may be kept."""

from ipaddress import IPv6Address, ip_address, ip_network

_V4_PREFIX = 24
_V6_PREFIX = 48
UNKNOWN_PLACE = "unknown"


def place_of(remote_ip: str | None) -> str:
    """The network of an address: /24 of IPv4, /48 of IPv6 (what one customer usually holds)."""
    try:
        address = ip_address(remote_ip or "")
    except ValueError:
        return UNKNOWN_PLACE
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(ip_network(f"{IPv6Address(int(address))}/{_V6_PREFIX}", strict=False))
        address = address.ipv4_mapped
    return str(ip_network(f"{address}/{_V4_PREFIX}", strict=False))
