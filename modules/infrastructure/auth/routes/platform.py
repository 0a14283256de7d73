"""What is a matter of the platform's own tenant alone."""

from bus import Refusal
from nexus_actors.http import Request
from nexus_actors.identity import DEFAULT_TENANT


def check_platform(request: Request, what: str) -> None:
    """Refuse (`platform_only`) whoever is of another tenant, whatever they may do there."""
    if request.tenant != DEFAULT_TENANT:
        raise Refusal.forbidden("platform_only", f"{what} are a matter of the tenant {DEFAULT_TENANT}.")
