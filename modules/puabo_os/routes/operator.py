"""Operators of the platform: who may look at what is every tenant's."""

from bus import Refusal
from modules.puabo_os.desk import Desk
from nexus_actors.http import Request
from nexus_actors.identity import DEFAULT_TENANT


def operators_desk(request: Request, what: str) -> Desk:
    """The desk, for callers of the platform's own tenant.

    Args:
        what: what they ask about, to begin a sentence with.

    Raises:
        Refusal: forbidden, the caller is of another tenant. Its administrator has every scope, and still may not.
    """
    if request.tenant != DEFAULT_TENANT:
        detail = f"{what} are those of every tenant. They are a matter of the tenant {DEFAULT_TENANT} alone."
        raise Refusal.forbidden("platform_only", detail)
    desk: Desk = request.deps
    return desk
