"""What a token says of itself and the database of it (RFC 7662)."""

from datetime import datetime

from msgspec import Struct

from modules.infrastructure.auth import queries
from modules.infrastructure.auth.checking import check_token
from modules.infrastructure.auth.desk import Desk
from modules.infrastructure.auth.domain.grant import FIRST_PARTY
from modules.infrastructure.auth.domain.refresh import PREFIX, read_token
from nexus_actors.database import Database
from nexus_actors.http.tokens import Unauthorised
from nexus_actors.security.compact import MalformedToken


class Introspection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to an introspection (RFC 7662, section 2.2); of a token that is not active, nothing else is said.

    Attributes:
        tid: the tenant.
        sid: the session.
    """

    active: bool
    token_type: str | None = None
    scope: str | None = None
    client_id: str | None = None
    sub: str | None = None
    aud: tuple[str, ...] = ()
    iss: str | None = None
    jti: str | None = None
    tid: str | None = None
    sid: str | None = None
    iat: int | None = None
    exp: int | None = None


INACTIVE = Introspection(active=False)


async def inspect_token(desk: Desk, db: Database, token: str, audience: str, now: datetime) -> Introspection:
    """Whether a token, access or refresh, is good at this moment for an audience."""
    if token.startswith(PREFIX):
        return await _refresh(desk, db, token, now)
    try:
        claims = (await check_token(db, token, audience, desk.issuer, now)).claims
    except Unauthorised:
        return INACTIVE
    return Introspection(
        active=True,
        token_type="Bearer",  # noqa: S106 - the name of a scheme
        scope=claims.scope,
        client_id=claims.client_id,
        sub=claims.sub,
        aud=claims.aud,
        iss=claims.iss,
        jti=claims.jti,
        tid=claims.tid,
        sid=None if claims.of_service else claims.sid,
        iat=claims.iat,
        exp=claims.exp,
    )


async def _refresh(desk: Desk, db: Database, text: str, now: datetime) -> Introspection:
    """A refresh token is active while its session is; whether it has been used is only told by using it."""
    try:
        token = read_token(text, desk.vault.refresh_keys)
    except MalformedToken:
        return INACTIVE
    standing = await queries.standing(db, token.user_id, token.session_id, now)
    if standing is None or standing.status != "active":
        return INACTIVE
    return Introspection(
        active=True,
        client_id=FIRST_PARTY,
        sub=str(token.user_id),
        iss=desk.issuer,
        tid=standing.tenant,
        sid=str(token.session_id),
        exp=int(standing.ends_at.timestamp()),
    )
