"""Accounts of people."""

from uuid import UUID

from bus import Refusal
from modules.infrastructure.auth.actors.account_state import AccountState
from modules.infrastructure.auth.actors.managing import check_manager
from modules.infrastructure.auth.actors.password_turns import PasswordTurns
from modules.infrastructure.auth.actors.revoking import revoke
from modules.infrastructure.auth.contract import (
    AssignRoles,
    ChangeEmail,
    ChangeOwnEmail,
    EmailChanged,
    EraseOwnAccount,
    EraseUser,
    RegisterAccount,
    Registration,
    RestoreUser,
    RevokeUserTokens,
    RolesAssigned,
    SuspendUser,
    UnlockUser,
    User,
    UserErased,
    UserRegistered,
)
from modules.infrastructure.auth.domain.access import ADMINISTRATOR, check_grant
from modules.infrastructure.auth.domain.lockout import after_success, unlocked
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
_TAKEN = "SELECT user_id FROM accounts WHERE tenant = $1 AND address = $2 AND user_id <> $3"
_EMAIL = "UPDATE accounts SET email = $2, address = $3 WHERE user_id = $1"
_ERASE = "DELETE FROM accounts WHERE user_id = $1"
_ERASE_SESSIONS = "DELETE FROM sessions WHERE user_id = $1"
_LOCK = "SELECT tenant FROM tenants WHERE tenant = $1 FOR NO KEY UPDATE"
_OTHERS = """
SELECT user_id FROM accounts WHERE tenant = $1 AND 'admin' = ANY (roles) AND status = 'active' AND user_id <> $2 LIMIT 1
"""


class AccountActor(PasswordTurns, platform=True):
    """An account, by user id: who somebody is, what they may do, and their sessions."""

    @handles
    async def register(self, message: RegisterAccount, ctx: Context) -> Registration:
        """Make the account, unless its address is taken: then the answer says so and nothing changes."""
        state = self.state
        if state.version or state.erased:
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
        state.temporary_until = message.temporary_until
        state.lockout = after_success(state.lockout, message.place)
        registered = UserRegistered(user_id=message.user_id, tenant=message.tenant, roles=message.roles)
        ctx.publish(registered, tenant=message.tenant)
        return Registration(user_id=message.user_id, created=True)

    @handles
    async def suspend(self, message: SuspendUser, ctx: Context) -> User:
        """Keep the user out."""
        await check_manager(self.state, self.key, ctx, message.expected_version)
        if self.state.status == "suspended":
            raise Refusal.conflict("user_suspended", "The user is suspended already.")
        await self._keep_administrator(ctx)
        self.state.status = "suspended"
        await self.close_all("suspended", ctx)
        await revoke(ctx, "subject", self.key, "suspended")
        return await self._save(ctx)

    @handles
    async def restore(self, message: RestoreUser, ctx: Context) -> User:
        """Let the user in again."""
        await check_manager(self.state, self.key, ctx, message.expected_version)
        if self.state.status == "active":
            raise Refusal.conflict("user_active", "The user is not suspended.")
        self.state.status = "active"
        return await self._save(ctx)

    @handles
    async def assign_roles(self, message: AssignRoles, ctx: Context) -> User:
        """Give the user other roles. Sessions go on; their next access tokens follow the new roles."""
        await check_manager(self.state, self.key, ctx, message.expected_version)
        roles = tuple(sorted(set(message.roles)))
        scopes = await scopes_of_roles(ctx.db, self.state.tenant, roles)
        if ctx.principal is not None:
            check_grant(ctx.principal.scopes, scopes)
        if ADMINISTRATOR not in roles:
            await self._keep_administrator(ctx)
        self.state.roles = roles
        await revoke(ctx, "subject", self.key, "roles_assigned")
        assigned = RolesAssigned(user_id=message.user_id, tenant=self.state.tenant, roles=roles)
        ctx.publish(assigned, tenant=self.state.tenant)
        return await self._save(ctx)

    @handles
    async def revoke_tokens(self, message: RevokeUserTokens, ctx: Context) -> User:
        """Log the user out everywhere."""
        await check_manager(self.state, self.key, ctx)
        await self.close_all("revoked", ctx)
        await revoke(ctx, "subject", self.key, "revoked")
        return self.state.user(message.user_id)

    @handles
    async def unlock(self, message: UnlockUser, ctx: Context) -> User:
        """Forget the wrong passwords."""
        await check_manager(self.state, self.key, ctx, message.expected_version)
        self.state.lockout = unlocked(self.state.lockout)
        return self.state.user(message.user_id)

    @handles
    async def change_email(self, message: ChangeEmail, ctx: Context) -> User:
        """Give the user another address, unless somebody has it."""
        await check_manager(self.state, self.key, ctx, message.expected_version)
        return await self._set_email(message, ctx)

    @handles
    async def change_own_email(self, message: ChangeOwnEmail, ctx: Context) -> User:
        """The same, by the user."""
        self._check_owner(message, ctx)
        return await self._set_email(message, ctx)

    @handles
    async def erase(self, message: EraseUser, ctx: Context) -> None:
        """Leave nothing of the person."""
        await check_manager(self.state, self.key, ctx, message.expected_version)
        await self._erase(message.user_id, ctx)

    @handles
    async def erase_own(self, message: EraseOwnAccount, ctx: Context) -> None:
        """The same, by the user."""
        self._check_owner(message, ctx)
        await self._erase(message.user_id, ctx)

    def _check_owner(self, message: ChangeOwnEmail | EraseOwnAccount, ctx: Context) -> None:
        self.state.check_tenant(ctx.tenant)
        self.check_unlocked(message.place, ctx.now)
        self.state.check_password_version(message.password_version)

    async def _set_email(self, message: ChangeEmail | ChangeOwnEmail, ctx: Context) -> User:
        state = self.state
        if await ctx.db.fetchval(_TAKEN, state.tenant, message.address, message.user_id):
            raise Refusal.conflict("address_taken", "Another account has this address. Choose another one.")
        # Should another worker take it right now, the unique index fails this turn, and its repeat is refused above.
        await ctx.db.execute(_EMAIL, message.user_id, message.email, message.address)
        state.email = message.email
        ctx.publish(EmailChanged(user_id=message.user_id, tenant=state.tenant), tenant=state.tenant)
        return await self._save(ctx)

    async def _erase(self, user_id: UUID, ctx: Context) -> None:
        tenant = self.state.tenant
        await self._keep_administrator(ctx)
        await self.close_all("revoked", ctx)
        await revoke(ctx, "subject", self.key, "erased")
        await ctx.db.execute(_ERASE_SESSIONS, user_id)
        await ctx.db.execute(_ERASE, user_id)
        ctx.publish(UserErased(user_id=user_id, tenant=tenant), tenant=tenant)
        self.state = AccountState(erased=True)

    async def _keep_administrator(self, ctx: Context) -> None:
        """Let nobody go who is the last that can let others in.

        Raises:
            Refusal: conflict, no other administrator of the tenant is active.
        """
        if ADMINISTRATOR not in self.state.roles or self.state.status != "active":
            return
        await ctx.db.fetchval(_LOCK, self.state.tenant)  # of two who go at once, the later one sees that the other is gone
        if not await ctx.db.fetchval(_OTHERS, self.state.tenant, UUID(self.key)):
            detail = "This is the last administrator of the tenant. Make somebody else one first."
            raise Refusal.conflict("last_administrator", detail)

    async def _save(self, ctx: Context) -> User:
        state = self.state
        state.version += 1
        user_id = UUID(self.key)
        await ctx.db.execute(_UPDATE, user_id, state.status, list(state.roles), state.version)
        return state.user(user_id)
