"""Looking at a token with fresh eyes: not what this process has heard, but what the database says now."""

from datetime import datetime
from uuid import UUID

from modules.infrastructure.auth import queries
from nexus_actors.database import Database
from nexus_actors.http.tokens import Unauthorised
from nexus_actors.security.compact import CompactToken, MalformedToken, parse_compact
from nexus_actors.security.verifier import JwtVerifier, VerifiedToken


async def check_token(db: Database, token: str, audience: str, issuer: str, now: datetime) -> VerifiedToken:
    """Verify an access token, its session and its account.

    Raises:
        Unauthorised: it would be refused, or its session or account has ended.
    """
    try:
        parsed = parse_compact(token)
    except MalformedToken as error:
        raise Unauthorised("token_malformed", "This is not a well-formed access token. Log in to get one.") from error
    trust = await queries.trust_for(
        db, _text(parsed.header.get("kid")), _claim(parsed, "jti"), _claim(parsed, "sid"), _claim(parsed, "sub")
    )
    verified = JwtVerifier(trust, issuer, lambda: now).inspect(token, audience)
    if not await _stands(db, verified, now):
        raise Unauthorised("token_revoked", "The token's session or account has ended. Log in again.")
    return verified


async def _stands(db: Database, verified: VerifiedToken, now: datetime) -> bool:
    claims = verified.claims
    if claims.of_service:
        return await queries.service_credential(db, UUID(claims.sub), now) is not None
    standing = await queries.standing(db, UUID(claims.sub), UUID(claims.sid), now)
    return standing is not None and standing.status == "active"


def _claim(parsed: CompactToken, name: str) -> str:
    return _text(parsed.payload.get(name))


def _text(value: object) -> str:
    """A text that PostgreSQL takes; whatever else it was names nothing."""
    return value if isinstance(value, str) and value.isascii() and "\0" not in value else ""
