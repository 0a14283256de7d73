"""Turning leave to issue tokens into tokens."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from msgspec import Struct

from bus import Refusal
from modules.infrastructure.auth.asking import Ask
from modules.infrastructure.auth.contract import SessionGrant
from modules.infrastructure.auth.desk import Desk
from modules.infrastructure.auth.domain.access import narrowed
from modules.infrastructure.auth.domain.grant import Grant, claims_of, scope_text, service_session
from modules.infrastructure.auth.domain.refresh import RefreshToken, write_token
from modules.infrastructure.auth.queries import ServiceCredential, scopes_of_roles
from nexus_actors.database import Database
from nexus_actors.security.claims import LONGEST_TOKEN_LIFE


class Tokens(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to a grant (RFC 6749, section 5.1).

    Attributes:
        access_token: send it as ``Authorization: Bearer <token>``.
        token_type: always Bearer.
        expires_in: life of the access token in seconds.
        scope: what the access token allows.
        refresh_token: gets the next tokens, once.
        refresh_expires_at: when the session ends by itself.
    """

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str
    refresh_token: str | None = None
    refresh_expires_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Tokens(scope={self.scope!r})"


class Issuer:
    """Issues tokens for one request.

    Args:
        desk: what signs.
        db: the schema of auth-ms.
        ask: asks for a new signing key where one is due.
        now: the instant of the request.
    """

    def __init__(self, desk: Desk, db: Database, ask: Ask, now: datetime) -> None:
        self._desk = desk
        self._db = db
        self._ask = ask
        self._now = now

    async def for_session(self, grant: SessionGrant, wanted: Iterable[str] | None = None) -> Tokens:
        """The tokens of a session.

        Args:
            grant: what the account's actor has granted.
            wanted: what to limit the access token to, beyond what the session is limited to.

        Raises:
            Refusal: invalid, nothing is left of what was asked for.
        """
        allowed = await scopes_of_roles(self._db, grant.tenant, grant.roles, strict=False)
        scopes = _narrowed(narrowed(allowed, grant.wanted_scopes), wanted)
        leave = Grant(
            subject=str(grant.user_id),
            tenant=grant.tenant,
            scopes=scopes,
            granted_at=grant.granted_at,
            session_id=str(grant.session_id),
        )
        refresh = RefreshToken(grant.user_id, grant.session_id, grant.counter)
        return Tokens(
            access_token=await self._sign(leave),
            token_type="Bearer",  # noqa: S106 - the name of a scheme
            expires_in=int(LONGEST_TOKEN_LIFE.total_seconds()),
            scope=scope_text(scopes),
            refresh_token=write_token(refresh, self._desk.vault.refresh_keys[0]),
            refresh_expires_at=grant.refresh_until,
        )

    async def for_service(self, account: ServiceCredential, version: int, wanted: Iterable[str] | None) -> Tokens:
        """The access token of a service account, for a version of its secret.

        Raises:
            Refusal: invalid, nothing is left of what was asked for.
        """
        scopes = _narrowed(account.scopes, wanted)
        leave = Grant(
            subject=str(account.account_id),
            tenant=account.tenant,
            scopes=scopes,
            granted_at=self._now,
            session_id=service_session(account.account_id, version),
            client_id=str(account.account_id),
        )
        return Tokens(
            access_token=await self._sign(leave),
            token_type="Bearer",  # noqa: S106 - the name of a scheme
            expires_in=int(LONGEST_TOKEN_LIFE.total_seconds()),
            scope=scope_text(scopes),
        )

    async def _sign(self, grant: Grant) -> str:
        pair = await self._desk.keys.active(self._db, self._ask, self._now)
        return pair.sign(claims_of(grant, self._desk.issuer, str(self._desk.new_id(self._now))))


def _narrowed(allowed: Iterable[str], wanted: Iterable[str] | None) -> frozenset[str]:
    scopes = narrowed(allowed, wanted)
    if wanted is not None and not scopes:
        raise Refusal.invalid("scope_not_allowed", "None of the scopes that were asked for is allowed. Ask for others.")
    return scopes
