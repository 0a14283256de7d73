"""Who may see the insides of a service: how it fares in detail, and its metrics."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from nexus_actors.http.admission import Admission
from nexus_actors.http.client_address import Network, is_within, parse_networks
from nexus_actors.http.problem import HttpProblem
from nexus_actors.identity import DEFAULT_TENANT

SCOPE: Final = "platform:read"
"""What a token needs that sees the insides. It is for operators: its tenant is the platform's own."""

INNER_NETWORKS: Final = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,fc00::/7,fe80::/10"
"""Loopback, and the addresses that no router of the internet knows (RFC 1918, 3927, 4193 and 4291)."""

# What proxies and gateways add to a request that they pass on. Whoever asks from inside asks without one.
_MARKS: Final = ("Via", "Forwarded", "X-Forwarded-For", "X-Real-IP")


def inner_networks(text: str) -> tuple[Network, ...]:
    """Networks in a text, with commas between them.

    Raises:
        ValueError: one is no network.
    """
    return parse_networks(part.strip() for part in text.split(",") if part.strip())


class Insight:
    """Decides for one service who sees its insides.

    That is who asks it directly from an inner network, as Prometheus and the command line do, and who has a token of an
    operator of the platform. What a gateway or a proxy has passed on comes from anywhere, whatever the address of the last hop.

    Args:
        admission: knows tokens.
        networks: those that count as inner.
    """

    def __init__(self, admission: Admission, networks: Sequence[Network]) -> None:
        self._admission = admission
        self._networks = networks

    def check(self, request: web.Request) -> None:
        """Let a request pass.

        Raises:
            HttpProblem: 401 without a valid token where one is needed, 403 where it is none of an operator.
        """
        if self._is_inner(request):
            return
        principal = self._admission.authenticate(request.headers.getall("Authorization", []))
        self._admission.authorise(principal, SCOPE)
        if principal.tenant != DEFAULT_TENANT:
            detail = f"The insides of a service are a matter of the tenant {DEFAULT_TENANT} alone."
            raise HttpProblem(403, "platform_only", detail)

    def has(self, request: web.Request) -> bool:
        """Whether a request would pass."""
        try:
            self.check(request)
        except HttpProblem:
            return False
        return True

    def _is_inner(self, request: web.Request) -> bool:
        return not any(mark in request.headers for mark in _MARKS) and is_within(request.remote or "", self._networks)
