"""Signing keys, for the administrators of the platform."""

from typing import Final

from msgspec import Struct

from modules.infrastructure.auth import queries
from modules.infrastructure.auth.contract import SigningKey
from modules.infrastructure.auth.desk import Desk
from modules.infrastructure.auth.routes.bodies import KeyRotation
from modules.infrastructure.auth.routes.platform import check_platform
from nexus_actors.http import Request, Routes, found

routes = Routes(tag="keys")

READ: Final = "auth:keys:read"
WRITE: Final = "auth:keys:write"


class SigningKeys(Struct, frozen=True, kw_only=True):
    """The signing keys that are trusted or will be."""

    items: list[SigningKey]


@routes.get("/v1/keys", scope=READ)
async def list_keys(request: Request) -> SigningKeys:
    """List the signing keys, in the order in which they come into use."""
    check_platform(request, "Signing keys")
    return SigningKeys(items=await queries.signing_keys(request.db, request.now))


@routes.post("/v1/keys:rotate", scope=WRITE)
async def rotate_keys(request: Request, body: KeyRotation) -> SigningKey:
    """Put a new signing key to use.

    Tokens of the old keys run out within minutes; in an emergency they are refused at once, and everybody refreshes theirs.
    """
    check_platform(request, "Signing keys")
    desk: Desk = request.deps
    return found(await desk.keys.add(request.ask, "emergency" if body.emergency else "now"), "key")
