"""Accounts of programs."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from msgspec import Struct

from bus import Refusal
from modules.infrastructure.auth.actors.revoking import revoke
from modules.infrastructure.auth.contract import (
    CreateServiceAccount,
    DisableServiceAccount,
    EnsureServiceAccount,
    RotateServiceSecret,
    ServiceAccount,
)
from modules.infrastructure.auth.domain.access import check_grant, check_scopes
from modules.infrastructure.auth.domain.grant import service_session
from nexus_actors import Actor, Context, handles

_INSERT = """
INSERT INTO service_accounts (account_id, tenant, name, scopes, status, secret_version, secret_sha256, created_at, version)
VALUES ($1, $2, $3, $4, 'active', 1, $5, $6, 1)
ON CONFLICT (tenant, name) DO NOTHING
RETURNING account_id
"""
_UPDATE = """
UPDATE service_accounts SET scopes = $2, secret_version = $3, version = $4, old_secret_until = $5, secret_sha256 = $6,
    old_secret_sha256 = CASE WHEN $5::timestamptz IS NULL THEN NULL ELSE secret_sha256 END
WHERE account_id = $1
"""
_DISABLE = """
UPDATE service_accounts SET status = 'disabled', version = $2, old_secret_until = NULL, old_secret_sha256 = NULL
WHERE account_id = $1
"""
_RESTORE = "UPDATE service_accounts SET status = 'active' WHERE account_id = $1"
_SAME = "SELECT secret_sha256 = $2 AND scopes = $3 FROM service_accounts WHERE account_id = $1"


class ServiceAccountState(Struct):
    """A service account; `version` 0 means that there is none.

    Attributes:
        secret_version: grows with every new secret.
    """

    tenant: str = ""
    name: str = ""
    scopes: tuple[str, ...] = ()
    status: Literal["active", "disabled"] = "active"
    created_at: datetime | None = None
    old_secret_until: datetime | None = None
    secret_version: int = 0
    version: int = 0


class ServiceAccountActor(Actor[ServiceAccountState], platform=True):
    """A service account, by client id."""

    @handles
    async def create(self, message: CreateServiceAccount, ctx: Context) -> ServiceAccount:
        """Make the account. Nobody gives it what they may not do themselves."""
        if message.tenant != ctx.tenant:
            raise Refusal.not_found("tenant_not_found", "There is no such tenant.")
        if ctx.principal is not None:
            check_grant(ctx.principal.scopes, check_scopes(message.scopes))
        return await self._create(message, ctx)

    @handles
    async def ensure(self, message: EnsureServiceAccount, ctx: Context) -> ServiceAccount:
        """Make the account, or give it this secret and these scopes.

        What was granted to an account before it was disabled stays revoked: its secret counts as a new one.
        """
        state = self.state
        if not state.version:
            return await self._create(message, ctx)
        if not message.restore:
            self._check_active()
        scopes = tuple(sorted(check_scopes(message.scopes)))
        if state.status == "disabled":
            state.status = "active"
            await ctx.db.execute(_RESTORE, message.account_id)
        elif await ctx.db.fetchval(_SAME, message.account_id, message.secret_sha256, list(scopes)):
            return self._view()
        state.scopes = scopes
        return await self._replace_secret(message.secret_sha256, timedelta(0), ctx)

    @handles
    async def rotate_secret(self, message: RotateServiceSecret, ctx: Context) -> ServiceAccount:
        """Give it a new secret."""
        self._check_manager(message.expected_version, ctx)
        return await self._replace_secret(message.secret_sha256, timedelta(seconds=message.overlap_s), ctx)

    @handles
    async def disable(self, message: DisableServiceAccount, ctx: Context) -> ServiceAccount:
        """Keep it out for good."""
        self._check_manager(message.expected_version, ctx)
        state = self.state
        state.status, state.old_secret_until = "disabled", None
        state.version += 1
        await ctx.db.execute(_DISABLE, UUID(self.key), state.version)
        await self._revoke("disabled", ctx)
        return self._view()

    async def _create(self, message: CreateServiceAccount | EnsureServiceAccount, ctx: Context) -> ServiceAccount:
        state = self.state
        if state.version:
            raise Refusal.conflict("service_account_exists", "This service account exists already.")
        scopes = tuple(sorted(check_scopes(message.scopes)))
        row = (message.account_id, message.tenant, message.name, list(scopes), message.secret_sha256, ctx.now)
        if await ctx.db.fetchval(_INSERT, *row) is None:
            raise Refusal.conflict("service_account_name_taken", "A service account has this name. Choose another one.")
        state.tenant, state.name, state.scopes, state.created_at = message.tenant, message.name, scopes, ctx.now
        state.version = state.secret_version = 1
        return self._view()

    def _check_manager(self, expected_version: int | None, ctx: Context) -> None:
        state = self.state
        if not state.version or state.tenant != ctx.tenant:
            raise Refusal.not_found("service_account_not_found", "There is no such service account.")
        if expected_version is not None and expected_version != state.version:
            raise Refusal.precondition(
                "service_account_changed", f"The service account is at version {state.version} now. Read it again."
            )
        self._check_active()
        if ctx.principal is not None:
            check_grant(ctx.principal.scopes, state.scopes)

    def _check_active(self) -> None:
        if self.state.status == "disabled":
            raise Refusal.gone("service_account_disabled", "The service account is disabled for good. Create a new one.")

    async def _replace_secret(self, secret_sha256: bytes, overlap: timedelta, ctx: Context) -> ServiceAccount:
        state = self.state
        state.old_secret_until = ctx.now + overlap if overlap else None
        if not overlap:
            await self._revoke("secret_replaced", ctx)
        state.secret_version += 1
        state.version += 1
        row = (list(state.scopes), state.secret_version, state.version, state.old_secret_until, secret_sha256)
        await ctx.db.execute(_UPDATE, UUID(self.key), *row)
        return self._view()

    async def _revoke(self, reason: str, ctx: Context) -> None:
        """Take back what was granted for the present secret and the one before it.

        Tokens of service accounts are granted outside of turns, on what a read shows; so they are told by the secret that
        they were granted for, not by the instant of the grant.
        """
        for version in (self.state.secret_version, self.state.secret_version - 1):
            await revoke(ctx, "session", service_session(UUID(self.key), version), reason)

    def _view(self) -> ServiceAccount:
        state = self.state
        if state.created_at is None:
            raise Refusal.not_found("service_account_not_found", "There is no such service account.")
        return ServiceAccount(
            account_id=UUID(self.key),
            name=state.name,
            scopes=state.scopes,
            status=state.status,
            created_at=state.created_at,
            old_secret_until=state.old_secret_until,
            version=state.version,
        )
