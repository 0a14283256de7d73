"""New passwords, of the user's own or for a while."""

from bus import Refusal
from modules.infrastructure.auth.actors.managing import check_manager
from modules.infrastructure.auth.actors.revoking import revoke
from modules.infrastructure.auth.actors.session_turns import SessionTurns
from modules.infrastructure.auth.contract import (
    ChangePassword,
    PasswordReset,
    ReplaceTemporaryPassword,
    ResetPassword,
    UpgradePassword,
    User,
)
from modules.infrastructure.auth.domain.lockout import unlocked
from nexus_actors import Context, handles

_PASSWORD = "UPDATE accounts SET sealed_password = $2, password_version = $3 WHERE user_id = $1"  # noqa: S105 - SQL


class PasswordTurns(SessionTurns, platform=True):
    """The part of an account's behaviour that is about passwords."""

    @handles
    async def change_password(self, message: ChangePassword, ctx: Context) -> None:
        """Set a new password; whoever knew the old one is out."""
        state = self.state
        state.check_tenant(ctx.tenant)
        self.check_unlocked(message.place, ctx.now)
        state.check_password_version(message.password_version)
        await self._set(message, ctx)
        await self.close_all("password_changed", ctx, keep=message.keep_session)

    @handles
    async def upgrade_password(self, message: UpgradePassword, ctx: Context) -> None:
        """Store the same password under today's parameters."""
        self.state.check_password_version(message.password_version)
        await ctx.db.execute(_PASSWORD, message.user_id, message.sealed_password, self.state.password_version)

    @handles
    async def reset_password(self, message: ResetPassword, ctx: Context) -> User:
        """Give the user a password for a while; whoever knew the old one is out."""
        state = self.state
        await check_manager(state, self.key, ctx, message.expected_version, message.tenant)
        await self._set(message, ctx)
        state.temporary_until, state.lockout = message.temporary_until, unlocked(state.lockout)
        await self.close_all("password_changed", ctx)
        await revoke(ctx, "subject", self.key, "password_reset")
        ctx.publish(PasswordReset(user_id=message.user_id, tenant=state.tenant), tenant=state.tenant)
        return state.user(message.user_id)

    @handles
    async def replace_temporary_password(self, message: ReplaceTemporaryPassword, ctx: Context) -> int:
        """Set a password of the user's own, once, while the temporary one is good."""
        state = self.state
        self.check_unlocked(message.place, ctx.now)
        state.check_password_version(message.password_version)
        state.check_active()
        state.check_temporary(ctx.now)
        if state.temporary_until is None:
            detail = "This password is no temporary one. Log in with it, and change it at POST /v1/me/password."
            raise Refusal.conflict("password_not_temporary", detail)
        state.temporary_until = None
        await self._set(message, ctx)
        return state.password_version

    async def _set(self, message: ChangePassword | ResetPassword | ReplaceTemporaryPassword, ctx: Context) -> None:
        self.state.password_version += 1
        await ctx.db.execute(_PASSWORD, message.user_id, message.sealed_password, self.state.password_version)
