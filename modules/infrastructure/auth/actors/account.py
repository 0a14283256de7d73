"""Accounts of people."""

from uuid import UUID

from bus import Refusal
from modules.infrastructure.auth.actors.revoking import revoke
from modules.infrastructure.auth.actors.session_turns import SessionTurns
from modules.infrastructure.auth.contract import (
    AssignRoles,
    ChangePassword,
    RegisterAccount,
    Registration,
    RestoreUser,
    RevokeUserTokens,
    RolesAssigned,
    SuspendUser,
    UpgradePassword,
    User,
    UserRegistered,
)
from modules.infrastructure.auth.domain.access import check_grant
from modules.infrastructure.auth.domain.lockout import after_success
from modules.infrastructure.auth.queries import scopes_of_roles
from nexus_actors import Context, handles

_REGISTER = """
INSERT INTO accounts (user_id, tenant, email, address, display_name, status, roles, sealed_password, password_version,
    registered_at, version)
VALUES ($1, $2, $3, $4, $5, 'active', $6, $7, 1, $8, 1)
ON CONFLICT (tenant, address) DO NOTHING
RETURNING user_id
"""
_UPDATE = "UPDATE accounts SET status = $2, roles = $3, version = $4 WHERE user_id = $1"
_PASSWORD = "UPDATE accounts SET sealed_password = $2, password_version = $3 WHERE user_id = $1"  # noqa: S105 - SQL


class AccountActor(SessionTurns):
    """An account, by user id: who somebody is, what they may do, and their sessions."""

    @handles
    async def register(self, message: RegisterAccount, ctx: Context) -> Registration:
        """Make the account, unless its address is taken: then the answer says so and nothing changes."""
        state = self.state
        if state.version:
            raise Refusal.conflict("user_exists", "This user is registered already.")
        created = await ctx.db.fetchval(
            _REGISTER,
            message.user_id,
            message.tenant,
            message.email,
            message.address,
            message.display_name,
            list(message.roles),
            message.sealed_password,
            ctx.now,
        )
        if created is None:
            return Registration(user_id=message.user_id, created=False)
        state.tenant, state.email, state.display_name = message.tenant, message.email, message.display_name
        state.roles, state.registered_at = message.roles, ctx.now
        state.version = state.password_version = 1
        state.lockout = after_success(state.lockout, message.place)
        registered = UserRegistered(user_id=message.user_id, tenant=message.tenant, roles=message.roles)
        ctx.publish(registered, tenant=message.tenant)
        return Registration(user_id=message.user_id, created=True)

    @handles
    async def change_password(self, message: ChangePassword, ctx: Context) -> None:
        """Set a new password; whoever knew the old one is out."""
        state = self.state
        state.check_tenant(ctx.tenant)
        self.check_unlocked(message.place, ctx.now)
        self._check_password_version(message.password_version)
        state.password_version += 1
        await ctx.db.execute(_PASSWORD, message.user_id, message.sealed_password, state.password_version)
        await self.close_all("password_changed", ctx, keep=message.keep_session)

    @handles
    async def upgrade_password(self, message: UpgradePassword, ctx: Context) -> None:
        """Store the same password under today's parameters."""
        self._check_password_version(message.password_version)
        await ctx.db.execute(_PASSWORD, message.user_id, message.sealed_password, self.state.password_version)

    @handles
    async def suspend(self, message: SuspendUser, ctx: Context) -> User:
        """Keep the user out."""
        await self._check_manager(message.expected_version, ctx)
        if self.state.status == "suspended":
            raise Refusal.conflict("user_suspended", "The user is suspended already.")
        self.state.status = "suspended"
        await self.close_all("suspended", ctx)
        await revoke(ctx, "subject", self.key, "suspended")
        return await self._save(ctx)

    @handles
    async def restore(self, message: RestoreUser, ctx: Context) -> User:
        """Let the user in again."""
        await self._check_manager(message.expected_version, ctx)
        if self.state.status == "active":
            raise Refusal.conflict("user_active", "The user is not suspended.")
        self.state.status = "active"
        return await self._save(ctx)

    @handles
    async def assign_roles(self, message: AssignRoles, ctx: Context) -> User:
        """Give the user other roles. Sessions go on; their next access tokens follow the new roles."""
        await self._check_manager(message.expected_version, ctx)
        roles = tuple(sorted(set(message.roles)))
        scopes = await scopes_of_roles(ctx.db, self.state.tenant, roles)
        if ctx.principal is not None:
            check_grant(ctx.principal.scopes, scopes)
        self.state.roles = roles
        await revoke(ctx, "subject", self.key, "roles_assigned")
        assigned = RolesAssigned(user_id=message.user_id, tenant=self.state.tenant, roles=roles)
        ctx.publish(assigned, tenant=self.state.tenant)
        return await self._save(ctx)

    @handles
    async def revoke_tokens(self, message: RevokeUserTokens, ctx: Context) -> User:
        """Log the user out everywhere."""
        await self._check_manager(None, ctx)
        await self.close_all("revoked", ctx)
        await revoke(ctx, "subject", self.key, "revoked")
        return self.state.user(message.user_id)

    async def _check_manager(self, expected_version: int | None, ctx: Context) -> None:
        """Nobody manages their own account this way, nor one that may do more than they do."""
        state = self.state
        state.check_tenant(ctx.tenant)
        state.check_version(expected_version)
        if ctx.principal is None:
            return
        if ctx.principal.subject == self.key:
            raise Refusal.forbidden("own_account", "You cannot do this to your own account. Ask another administrator.")
        check_grant(ctx.principal.scopes, await scopes_of_roles(ctx.db, state.tenant, state.roles, strict=False))

    def _check_password_version(self, version: int) -> None:
        if not self.state.version or version != self.state.password_version:
            raise Refusal.conflict("password_changed", "The password has been changed meanwhile. Start again.")

    async def _save(self, ctx: Context) -> User:
        state = self.state
        state.version += 1
        user_id = UUID(self.key)
        await ctx.db.execute(_UPDATE, user_id, state.status, list(state.roles), state.version)
        return state.user(user_id)
