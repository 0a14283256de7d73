"""Opening, renewing and closing sessions."""

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from bus import Refusal
from modules.infrastructure.auth.actors.account_state import AccountState, LiveSession
from modules.infrastructure.auth.actors.revoking import revoke
from modules.infrastructure.auth.contract import (
    AccountLocked,
    CloseReason,
    CloseSession,
    EndSessions,
    LoginFailed,
    OpenSession,
    RecordFailedLogin,
    RefreshReuseDetected,
    RefreshSession,
    Renewal,
    SessionClosed,
    SessionGrant,
    SessionOpened,
)
from modules.infrastructure.auth.domain.lockout import after_failure, after_success, failures_at, locked_until
from modules.infrastructure.auth.domain.refresh import Family, ends_at, renew
from modules.infrastructure.auth.domain.sessions import to_end
from modules.infrastructure.auth.queries import is_closed
from nexus_actors import Actor, Context, handles

_RENEW = "UPDATE sessions SET renewed_at = $3, ends_at = $4 WHERE user_id = $1 AND session_id = $2"
_CLOSE = "UPDATE sessions SET closed_at = $3, close_reason = $4 WHERE user_id = $1 AND session_id = $2"
_FORGET = "DELETE FROM sessions WHERE user_id = $1 AND closed_at < $2::timestamptz - interval '30 days'"


class SessionTurns(Actor[AccountState], platform=True):
    """The part of an account's behaviour that is about sessions."""

    @handles
    async def open_session(self, message: OpenSession, ctx: Context) -> SessionGrant:
        """Open a session, unless logins from there are locked or the password has been changed meanwhile."""
        state, now = self.state, ctx.now
        self.check_unlocked(message.place, now)
        if not state.version or message.password_version != state.password_version:
            raise Refusal.conflict("password_changed", "The password has been changed meanwhile. Log in with the new one.")
        state.check_active()
        state.check_temporary(now)
        if state.temporary_until is not None:
            detail = "This password is a temporary one. Replace it by one of your own: POST /v1/password."
            raise Refusal.forbidden("password_change_required", detail)
        if await is_closed(ctx.db, state.tenant):
            raise Refusal.forbidden("tenant_closed", "The tenant was closed. Ask the platform's administrators.")
        for ended, reason in to_end({id_: live.family for id_, live in state.sessions.items()}, now).items():
            await self.close(ended, reason, ctx)
        session_id = ctx.new_id()
        family = Family(renewed_at=now, opened_at=now)
        state.sessions[session_id] = LiveSession(family=family, wanted_scopes=message.wanted_scopes)
        state.lockout = after_success(state.lockout, message.place)
        await ctx.db.execute(_FORGET, message.user_id, now)
        ctx.db.insert(
            "sessions",
            user_id=message.user_id,
            session_id=session_id,
            tenant=state.tenant,
            device=message.device,
            place=message.place,
            opened_at=now,
            renewed_at=now,
            ends_at=ends_at(family),
        )
        opened = SessionOpened(user_id=message.user_id, session_id=session_id, tenant=state.tenant, place=message.place)
        ctx.publish(opened, tenant=state.tenant)
        return state.grant(message.user_id, session_id, now)

    @handles
    def record_failed_login(self, message: RecordFailedLogin, ctx: Context) -> None:
        """Count a wrong password; under the id of no account, do nothing."""
        state = self.state
        if not state.version or locked_until(state.lockout, message.place, ctx.now) is not None:
            return
        state.lockout = after_failure(state.lockout, message.place, ctx.now)
        failures = failures_at(state.lockout, message.place)
        failed = LoginFailed(user_id=message.user_id, tenant=state.tenant, place=message.place, failures=failures)
        ctx.publish(failed, tenant=state.tenant)
        until = locked_until(state.lockout, message.place, ctx.now)
        if until is not None:
            locked = AccountLocked(user_id=message.user_id, tenant=state.tenant, place=message.place, locked_until=until)
            ctx.publish(locked, tenant=state.tenant)

    @handles
    async def refresh_session(self, message: RefreshSession, ctx: Context) -> Renewal:
        """Renew a session. A used refresh token closes it: that is an answer, not a refusal, for it changes something."""
        state = self.state
        session = state.sessions.get(message.session_id)
        if session is None or state.status != "active":
            return Renewal(step=None)
        step, family = renew(session.family, message.counter, ctx.now)
        match step:
            case "renewed" | "replayed":
                state.sessions[message.session_id] = replace(session, family=family)
                if step == "renewed":
                    row = (message.user_id, message.session_id, family.renewed_at, ends_at(family))
                    await ctx.db.execute(_RENEW, *row)
                return Renewal(step=step, grant=state.grant(message.user_id, message.session_id, ctx.now))
            case "expired":
                await self.close(message.session_id, "expired", ctx)
            case "reused":
                self._report(message, session.family.counter, ctx)
                await self.close(message.session_id, "reuse", ctx)
            case "ahead":
                self._report(message, session.family.counter, ctx)
        return Renewal(step=step)

    @handles
    async def end_sessions(self, message: EndSessions, ctx: Context) -> None:
        """End all that there are, and take every access token back."""
        if self.state.version:
            await self.close_all("suspended", ctx)
            await revoke(ctx, "subject", str(message.user_id), "tenant_closed")

    @handles
    async def close_session(self, message: CloseSession, ctx: Context) -> bool:
        """Close a session, if it is open."""
        if message.session_id not in self.state.sessions:
            return False
        await self.close(message.session_id, message.reason, ctx)
        return True

    def check_unlocked(self, place: str, now: datetime) -> None:
        """Refuse (`account_locked`) where there were too many wrong passwords from a place."""
        until = locked_until(self.state.lockout, place, now)
        if until is not None:
            wait_s = (until - now).total_seconds()
            raise Refusal.locked("account_locked", "There were too many wrong passwords. Wait and try again.", wait_s)

    async def close(self, session_id: UUID, reason: CloseReason, ctx: Context) -> None:
        """End a live session: no refresh from now on, and its access tokens are refused everywhere."""
        user_id = UUID(self.key)
        del self.state.sessions[session_id]
        await ctx.db.execute(_CLOSE, user_id, session_id, ctx.now, reason)
        await revoke(ctx, "session", str(session_id), reason)
        closed = SessionClosed(user_id=user_id, session_id=session_id, tenant=self.state.tenant, reason=reason)
        ctx.publish(closed, tenant=self.state.tenant)

    async def close_all(self, reason: CloseReason, ctx: Context, keep: UUID | None = None) -> None:
        """End all live sessions but one."""
        for session_id in [id_ for id_ in self.state.sessions if id_ != keep]:
            await self.close(session_id, reason, ctx)

    def _report(self, message: RefreshSession, expected: int, ctx: Context) -> None:
        ctx.log.warning(
            "refresh_reuse_detected", session_id=str(message.session_id), counter=message.counter, expected=expected
        )
        reuse = RefreshReuseDetected(
            user_id=message.user_id,
            session_id=message.session_id,
            tenant=self.state.tenant,
            counter=message.counter,
            expected=expected,
        )
        ctx.publish(reuse, tenant=self.state.tenant)
