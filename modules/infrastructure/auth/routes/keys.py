"""Signing keys, for the administrators of the platform."""

from typing import Final

from msgspec import Struct

from bus import Refusal
from modules.infrastructure.auth import queries
from modules.infrastructure.auth.contract import SigningKey
from modules.infrastructure.auth.desk import Desk
from modules.infrastructure.auth.routes.bodies import KeyRotation
from nexus_actors.http import Request, Routes, found
from nexus_actors.identity import DEFAULT_TENANT

routes = Routes(tag="keys")

READ: Final = "auth:keys:read"
WRITE: Final = "auth:keys:write"


class SigningKeys(Struct, frozen=True, kw_only=True):
    """The signing keys that are trusted or will be."""

    items: list[SigningKey]


@routes.get("/v1/keys", scope=READ)
async def list_keys(request: Request) -> SigningKeys:
    """List the signing keys, in the order in which they come into use."""
    _check_platform(request)
    return SigningKeys(items=await queries.signing_keys(request.db, request.now))


@routes.post("/v1/keys:rotate", scope=WRITE)
async def rotate_keys(request: Request, body: KeyRotation) -> SigningKey:
    """Put a new signing key to use.

    Tokens of the old keys run out within minutes; in an emergency they are refused at once, and everybody refreshes theirs.
    """
    _check_platform(request)
    desk: Desk = request.deps
    return found(await desk.keys.add(request.ask, "emergency" if body.emergency else "now"), "key")


def _check_platform(request: Request) -> None:
    """The keys sign for all tenants, so the administrators of one cannot decide on them."""
    if request.tenant != DEFAULT_TENANT:
        raise Refusal.forbidden("platform_only", f"Signing keys are a matter of the tenant {DEFAULT_TENANT}.")
